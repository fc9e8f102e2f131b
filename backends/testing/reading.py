"""array-api-strict made stricter: nothing optional, and no value that the host may read."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, NoReturn
from unittest.mock import patch

_READING = (
    "__bool__",
    "__float__",
    "__int__",
    "__index__",
    "__complex__",
    "__array__",
    "__dlpack__",
    "__iter__",
    "__contains__",
    "tolist",
)


def strictest() -> AbstractContextManager[Any]:
    """Switch boolean indexing, data-dependent shapes and all extensions off, for a while."""
    from array_api_strict import ArrayAPIStrictFlags

    context: AbstractContextManager[Any] = ArrayAPIStrictFlags(
        boolean_indexing=False, data_dependent_shapes=False, enabled_extensions=()
    )
    return context


@contextmanager
def refused() -> Iterator[None]:
    """Refuse to give a value of an array of array-api-strict to the host, for a while.

    A GPU would have to finish all it was given first: a hidden synchronisation.
    """
    import array_api_strict

    def refuse(self: object, *args: object, **kwargs: object) -> NoReturn:
        raise AssertionError("no value may be read: the host would have to wait for the device")

    refusals: dict[str, Any] = dict.fromkeys(_READING, refuse)
    with patch.multiple(type(array_api_strict.zeros(())), create=True, **refusals):
        yield
