"""Why a function failed on a row: what its exception means, and whose fault it is."""

import re
from types import FrameType
from typing import NamedTuple

import numpy as np

from .capabilities import Capabilities
from .cases import Case
from .places import frames_of, module_of, of_error


class Cause(NamedTuple):
    """Whether it can't be told if the function is right, the reason, and the line that read."""

    cannot_tell: bool
    reason: str
    read: str = ""


_TRACED_READ = (
    "ConcretizationTypeError",
    "TracerBoolConversionError",
    "TracerIntegerConversionError",
    "TracerArrayConversionError",
)
_META_READ = (
    r"can(no|')t be called on meta tensors|cannot be called on meta|copy out of meta tensor"
    r"|convert meta device type tensor|pack tensors on meta"
    r"|aten::(equal|allclose|item|is_nonzero|_local_scalar_dense)\b"  # they give Python's values
    r"|unsupported format string passed to Tensor\.__format__"
)
_TRACED_SHAPE = r"must be (statically specified|static)|with JIT|jnp\.(nonzero|unique\w*|repeat)"
_KERNEL = re.compile(
    r"(aten::[\w.]+): attempted to run this operator with Meta tensors"
    r"|Could not run '(aten::[\w.]+)' with arguments from the 'Meta' backend"
    r"|register_meta function for (torch\.\w+\(\))"
    r"|(cannot \w+ a meta tensor[^.]*)"
    r"|Unknown device type meta for (Dlpack)"
)


def cause_of(case: Case, error: Exception, said: Capabilities | None) -> Cause:
    """Return what an exception means that a function raised on a row."""
    said = said or Capabilities()
    text = text_of(error)
    place = of_error(error)
    shown = f"{type(error).__name__}: {text}"[:300] + (f" ({place})" if place else "")
    if case.traced and not said.jit:
        return Cause(True, f"the function says that it can't be traced: {shown}")
    if _has_no_values(case) and _is_read(case, error, text):
        where = f"at {place}" if place else "in a function written in C"
        return Cause(said.reads, f"reads a value {where}: {shown}", place)
    if _is_shape(case, error, text):
        allowed = said.data_dependent_shapes or (
            said.boolean_indexing and ("oolean" in shown or "nonzero" in shown)
        )
        return Cause(allowed, shown)
    if case.backend.name == "torch" and not case.has_values and (kernel := _no_kernel(error, text)):
        return Cause(True, f"torch has no meta kernel for {kernel}; {shown}")
    if case.backend.name == "array-api-strict" and _gives_int64(error, text):
        return Cause(True, f"array-api-strict itself gives a dtype that the device lacks: {shown}")
    return Cause(False, shown)


def text_of(error: Exception) -> str:
    """Return what an exception says, in one line; nothing where it fails at that itself."""
    try:
        return " ".join(str(error).split())
    except Exception:
        return ""


def _has_no_values(case: Case) -> bool:
    return bool(case.traced) or not case.has_values


def _is_read(case: Case, error: Exception, text: str) -> bool:
    if not case.has_values:
        return re.search(_META_READ, text) is not None
    if type(error).__name__ not in _TRACED_READ:
        return "Tracer has no attribute __dlpack" in text
    return not _is_shape(case, error, text)


def _is_shape(case: Case, error: Exception, text: str) -> bool:
    """Tell whether a shape that depends on values, or indexing by a mask, is at fault."""
    if not case.traced:
        return False
    if type(error).__name__ == "NonConcreteBooleanIndexError":
        return True
    concrete = type(error).__name__ == "ConcretizationTypeError"
    return concrete and re.search(_TRACED_SHAPE, text) is not None


def _no_kernel(error: Exception, text: str) -> str:
    """Return what PyTorch can't do without values; empty if that is not why it failed."""
    if not isinstance(error, NotImplementedError | RuntimeError | ValueError):
        return ""
    found = _KERNEL.search(text)
    return "" if found is None else next(filter(None, found.groups()))


def _gives_int64(error: Exception, text: str) -> bool:
    """Tell whether array-api-strict chose the dtype that it then refuses.

    It did if the function that was called in it was given neither that dtype nor NumPy's data.
    """
    refused = re.search(r"does not support dtype=array_api_strict\.(u?int64)", text)
    if refused is None:
        return False
    inside = [f for f in frames_of(error.__traceback__) if _is_strict(f)]
    entered = next((f for f in inside if f.f_code.co_name != "wrapper"), None)
    return entered is not None and not any(map(_is_wide, _given(entered)))


def _is_strict(frame: FrameType) -> bool:
    return module_of(frame).startswith("array_api_strict")


def _given(frame: FrameType) -> list[object]:
    """Return the arguments of the function that a frame runs."""
    code = frame.f_code
    count = code.co_argcount + code.co_kwonlyargcount
    return [frame.f_locals.get(name) for name in code.co_varnames[:count]]


def _is_wide(value: object) -> bool:
    if isinstance(value, np.ndarray | np.generic):
        return value.dtype.itemsize == 8
    return str(value).rpartition(".")[2] in ("int64", "uint64")
