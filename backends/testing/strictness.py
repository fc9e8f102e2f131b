"""array-api-strict made stricter still: what is optional switched off, and who reads a value."""

import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any
from unittest.mock import patch

from ..backend import Backend
from ..libraries.strict import Strict
from .dask import Dask
from .places import here, module_of

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
    "to_device",
)
_MOVING = ("asarray", "astype", "from_dlpack")  # functions that take `device`
_REFUSAL = "no value may be read: the host would have to wait for the device"

LOCK = threading.RLock()
"""Held while array-api-strict is not as it was, so that one thread at a time sees that."""


@contextmanager
def switched_off(optional: Iterable[str]) -> Iterator[None]:
    """Within the context, array-api-strict lacks what the standard leaves optional.

    Of ``"boolean_indexing"``, ``"data_dependent_shapes"`` and ``"extensions"``, or one of these,
    ``"linalg"`` or ``"fft"``: some library lacks each. Other threads of the kit wait meanwhile.
    """
    from array_api_strict import ArrayAPIStrictFlags

    off = set(optional)
    extensions = [name for name in ("linalg", "fft") if not off & {name, "extensions"}]
    with (
        LOCK,
        ArrayAPIStrictFlags(
            boolean_indexing="boolean_indexing" not in off,
            data_dependent_shapes="data_dependent_shapes" not in off,
            enabled_extensions=tuple(extensions),
        ),
    ):
        yield


@contextmanager
def watching_reads(backend: Backend, reads: list[str], refuse: bool = False) -> Iterator[None]:
    """Within the context, note in `reads` each line that reads a value: ``mod.py:12``.

    Of an array of array-api-strict, for which a GPU would have to finish its work first, and each
    that makes dask compute. With `refuse` an AssertionError is raised there instead. Devices of
    array-api-strict can't be hashed meanwhile, as CuPy's never can. In other libraries, and in
    other threads, nothing is noted.
    """
    if isinstance(backend.library, Dask):
        with backend.library.computing(reads):
            yield
        return
    if not isinstance(backend.library, Strict):
        yield
        return
    import array_api_strict

    x = array_api_strict.zeros(())
    owner = threading.get_ident()

    def watched(name: str) -> Any:
        original = getattr(type(x), name)

        def method(self: Any, *args: Any, **kwargs: Any) -> Any:
            if threading.get_ident() == owner and _is_read(name, self, args, kwargs, x.device):
                reads.append(here())
                if refuse:
                    raise AssertionError(f"{_REFUSAL} ({reads[-1]})" if reads[-1] else _REFUSAL)
            return original(self, *args, **kwargs)

        return method

    hashed = type(x.device).__hash__

    def hash_for_itself(device: Any) -> int:
        if threading.get_ident() == owner and not _by_itself(sys._getframe(1)):
            raise TypeError("a device can't be a dictionary key: CuPy's has no hash")
        return hashed(device)

    def moving(name: str) -> Any:
        original = getattr(array_api_strict, name)

        def function(given: Any, /, *args: Any, **kwargs: Any) -> Any:
            to = kwargs.get("device")
            if threading.get_ident() == owner and isinstance(given, type(x)):
                if to is not None:
                    given.to_device(to)  # noted, or refused, if that is the host
                elif name == "from_dlpack":  # it stays on its device; array-api-strict moves it
                    kwargs["device"] = given.device
            return original(given, *args, **kwargs)

        return function

    methods = {name: watched(name) for name in _READING if name in vars(type(x))}
    with (
        LOCK,
        patch.multiple(type(x), **methods),
        patch.multiple(array_api_strict, **{name: moving(name) for name in _MOVING}),
        patch.object(type(x.device), "__hash__", hash_for_itself),
    ):
        yield


def _by_itself(caller: FrameType) -> bool:
    """Tell whether array-api-strict itself called a method."""
    return module_of(caller).startswith("array_api_strict")


def _stays(caller: FrameType, device: Any) -> bool:
    """Tell whether array-api-strict's own `from_dlpack` takes an array, and leaves it there."""
    mine = _by_itself(caller) and caller.f_code.co_name == "from_dlpack"
    return mine and caller.f_locals.get("device") in (None, device)


def _is_read(name: str, x: Any, args: tuple[Any, ...], kwargs: Any, host: Any) -> bool:
    """Tell whether a call makes the host wait; a move from one device to another does not."""
    if name in ("__str__", "__repr__") and _by_itself(sys._getframe(2)):  # in the text of an error
        return False
    if name in ("__dlpack__", "__array__", "__buffer__") and _stays(sys._getframe(2), x.device):
        return False
    if name == "to_device":
        to = args[0] if args else kwargs.get("device")
        return bool(to == host and x.device != host)
    return True
