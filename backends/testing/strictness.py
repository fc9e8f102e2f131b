"""array-api-strict made stricter still: the standard only, and no value read by the host."""

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, NoReturn
from unittest.mock import patch

from backends.backend import Backend
from backends.libraries.strict import Strict

_READING = (
    "__bool__",
    "__float__",
    "__int__",
    "__index__",
    "__complex__",
    "__array__",
    "__dlpack__",
    "__buffer__",
    "__str__",
    "__repr__",
    "__format__",
    "to_device",
    "__iter__",
    "__contains__",
    "tolist",
)


def standard_only() -> AbstractContextManager[Any]:
    """Within the context, switch off all that the standard leaves optional.

    Boolean indexing, data-dependent shapes and the extensions: some library lacks each.
    """
    from array_api_strict import ArrayAPIStrictFlags

    context: AbstractContextManager[Any] = ArrayAPIStrictFlags(
        boolean_indexing=False, data_dependent_shapes=False, enabled_extensions=()
    )
    return context


@contextmanager
def no_host_reads(backend: Backend) -> Iterator[None]:
    """Within the context, raise when the host reads a value of an array of array-api-strict.

    A GPU would have to finish all it was given first: a hidden synchronization. Devices can't be
    hashed meanwhile either, as CuPy's never can. For other libraries nothing is changed.
    """
    if not isinstance(backend.library, Strict):
        yield
        return
    import array_api_strict

    def refuse(self: object, *args: object, **kwargs: object) -> NoReturn:
        raise AssertionError("no value may be read: the host would have to wait for the device")

    def hash_for_itself(device: object) -> int:
        if sys._getframe(1).f_globals["__name__"].startswith("array_api_strict"):
            return hash(str(device))
        raise TypeError("a device can't be a dictionary key: CuPy's has no hash")

    x = array_api_strict.zeros(())
    refusals: dict[str, Any] = dict.fromkeys(_READING, refuse)
    with (
        patch.multiple(type(x), create=True, **refusals),
        patch.object(type(x.device), "__hash__", hash_for_itself),
    ):
        yield
