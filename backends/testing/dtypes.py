"""Which dtypes a result may have on a row, given what NumPy gives."""

from typing import Any

from ..backend import Backend
from ..host import short_name
from ..namespace import DType


def accepted(
    backend: Backend,
    width: str,
    expected: Any,
    floats: bool,
    declared: str | None,
    summed: bool = False,
    from_complex: bool = False,
) -> list[DType]:
    """Return the dtypes that a result may have, the one to name first.

    Parameters
    ----------
    backend : Backend
        Where the result lies.
    width : str
        The floating dtype that the row computes in: ``"float32"``.
    expected : NumPy array
        What NumPy gives for inputs in float64.
    floats : bool
        Whether there are floats among the inputs.
    declared : str, optional
        What the function's `capabilities` say of its floating dtype.
    summed : bool
        Whether uint64 did not go in, and is what NumPy makes of sums of narrower unsigned integers.
    from_complex : bool
        Whether complex numbers went in: on a row in float16 they are as wide as in float32, and so
        is what is real in them.

    Raises
    ------
    TypeError
        When library and device have no such dtype.
    """
    if expected.dtype.kind in "fc":
        found = _floating(backend, width, expected.dtype, floats, declared)
        halved = from_complex and width == "float16" and declared is None
        return [*found, *([backend.dtype("float32")] if halved else [])]
    if expected.dtype.name == "uint64" and summed:
        return _sums(backend)
    if expected.dtype.name != "int64":
        return [_of_name(backend, expected.dtype.name)]
    # Python's integers, sums of integers, and indices: the defaults; or what was asked for.
    default = _defaults(backend)
    known = backend.xp.__array_namespace_info__().dtypes(device=backend.device)
    return [default["integral"], default["indexing"], *filter(None, [known.get("int64")])]


def _sums(backend: Backend) -> list[DType]:
    """Return the dtypes of sums of unsigned integers: as wide as the library's default integer.

    Where there is no such unsigned one (PyTorch), the default itself.
    """
    default = _defaults(backend)["integral"]
    known = backend.xp.__array_namespace_info__().dtypes(device=backend.device)
    unsigned = [known.get(name) for name in ("uint64", f"u{short_name(default)}")]
    return [*filter(None, unsigned)] or [
        *filter(None, [getattr(backend.xp, "uint64", None)]),
        default,
    ]


def _of_name(backend: Backend, name: str) -> DType:
    """Return a dtype also where its library does not list it, as PyTorch's uint64."""
    known = backend.xp.__array_namespace_info__().dtypes(device=backend.device)
    beside = getattr(backend.xp, name, None) if name.startswith("uint") else None
    return backend.dtype(name) if name in known or beside is None else beside


def _floating(
    backend: Backend, width: str, expected: Any, floats: bool, declared: str | None
) -> list[DType]:
    is_complex = expected.kind == "c"
    if declared == "any":
        return _all_floating(backend, "complex floating" if is_complex else "real floating")
    default = _defaults(backend)["complex floating" if is_complex else "real floating"]
    if declared == "default":
        return [default]
    if declared is not None:
        return [backend.dtype(_as_complex(declared) if is_complex else declared)]
    if expected.name not in ("float64", "complex128"):
        return [backend.dtype(expected.name)]  # asked for, whatever went in
    if floats:
        return [backend.dtype(_as_complex(width) if is_complex else width)]
    if backend.name == "numpy":
        return [backend.dtype(expected.name)]
    known = backend.xp.__array_namespace_info__().dtypes(device=backend.device)
    return [default, *filter(None, [known.get(expected.name)])]


def _all_floating(backend: Backend, kind: str) -> list[DType]:
    known = backend.xp.__array_namespace_info__().dtypes(kind=kind, device=backend.device)
    names = ("float16", "bfloat16") if kind == "real floating" else ()
    halves = [getattr(backend.xp, name, None) for name in names]
    return [*known.values(), *(half for half in halves if half is not None)]


def has_wide_default(backend: Backend) -> bool:
    """Tell whether what is made of integers alone is computed in float64."""
    return short_name(_defaults(backend)["real floating"]) == "float64"


def _as_complex(real: str) -> str:
    return {"float64": "complex128"}.get(real, "complex64")


def _defaults(backend: Backend) -> dict[str, DType]:
    found: dict[str, DType] = backend.xp.__array_namespace_info__().default_dtypes(
        device=backend.device
    )
    return found
