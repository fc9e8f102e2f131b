"""Functions of our own for the names in a pickle of NumPy arrays, in place of NumPy's.

NumPy's own would take dtypes with objects in them, lengths that are no array's, and states that
crash the interpreter. These take numbers, and as many bytes as the shape needs.
"""

import math
import reprlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

_CODES = frozenset([f"{kind}{size}" for kind in "iu" for size in (1, 2, 4, 8)] + ["f2", "f4", "f8"])

_MAX_NDIM, _MAX_LENGTH = 64, 1 << 62  # NumPy's


class PickledDType:
    """Dtype of a pickled array: first its code, then, from `build`, its byte order."""

    def __init__(self, code: Any, *_options: Any) -> None:
        if not isinstance(code, str) or code not in _CODES:
            raise ValueError(
                f"arrays must hold integers or floats of 1 to 8 bytes; got {reprlib.repr(code)}"
            )
        self.code = code
        self.order = "="

    def build(self, state: Any) -> None:
        """Take the state that NumPy writes: version, byte order, and what structures have."""
        _version, order, *structure = state
        if not isinstance(order, str) or order not in ("<", ">", "|", "="):
            raise ValueError(f"a byte order must be <, >, | or =; got {reprlib.repr(order)}")
        if structure[:3] != [None, None, None]:
            raise ValueError("arrays must hold plain numbers; got a structure")
        self.order = order


class PendingArray:
    """An array that `_reconstruct` begins and `build` fills."""

    array: NDArray[Any] | None = None

    def build(self, state: Any) -> None:
        """Take the state that NumPy writes: version, shape, dtype, column order, bytes."""
        _version, shape, dtype, columns_first, data = state
        if not isinstance(columns_first, int) or columns_first not in (0, 1):
            raise ValueError(f"the order must be True or False; got {reprlib.repr(columns_first)}")
        self.array = _from_bytes(data, dtype, shape, "F" if columns_first else "C")


def _from_bytes(data: Any, dtype: Any, shape: Any, order: Any) -> NDArray[Any]:
    """Return the array that these bytes are; Python 2 wrote them as a text."""
    if not isinstance(dtype, PickledDType):
        raise TypeError(f"{type(dtype).__name__} in place of a dtype")
    if not all(type(n) is int and n >= 0 for n in shape):
        raise ValueError("the lengths of a shape must be whole numbers, 0 or more")
    if len(shape) > _MAX_NDIM or any(n >= _MAX_LENGTH for n in shape):
        raise ValueError(f"a shape must have at most {_MAX_NDIM} lengths, less than {_MAX_LENGTH}")
    if isinstance(data, str):
        data = data.encode("latin-1")
    wanted = math.prod(shape) * int(dtype.code[1:])
    if len(data) != wanted:
        raise ValueError(
            f"an array of shape {tuple(shape)} in {dtype.code} must have {wanted} bytes; "
            f"got {len(data)}"
        )
    flat = np.frombuffer(data, dtype.order + dtype.code).astype(dtype.code)
    return flat.reshape(shape, order=order)


def _reconstruct(_ndarray: Any, _shape: Any, _code: Any) -> PendingArray:
    return PendingArray()


def _frombuffer(data: Any, dtype: Any, shape: Any, order: Any) -> NDArray[Any]:
    return _from_bytes(data, dtype, shape, order)


def _scalar(dtype: Any, data: Any) -> NDArray[Any]:
    return _from_bytes(data, dtype, (), "C")


def _encode(text: Any, encoding: Any) -> bytes:
    """Return the bytes that protocols 0 to 2 write as a text."""
    if encoding != "latin1":
        raise ValueError(f"bytes must be written in latin1; got {reprlib.repr(encoding)}")
    return bytes(text.encode("latin-1"))


def _no_bytes() -> bytes:
    """Return what protocols 0 to 2 write for no bytes at all."""
    return b""


NAMES: dict[tuple[Any, Any], Any] = {
    ("numpy", "ndarray"): "numpy.ndarray",  # only ever handed to _reconstruct
    ("numpy", "dtype"): PickledDType,
    ("_codecs", "encode"): _encode,
    ("__builtin__", "bytes"): _no_bytes,
    **{
        (f"numpy.{core}.{module}", name): function  # NumPy 1 has core, NumPy 2 has _core
        for core in ("core", "_core")
        for module, name, function in (
            ("multiarray", "_reconstruct", _reconstruct),
            ("multiarray", "scalar", _scalar),
            ("numeric", "_frombuffer", _frombuffer),
        )
    },
}
"""(module, name) -> what stands for it; any other name is refused."""
