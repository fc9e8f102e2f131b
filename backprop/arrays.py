"""What functions and layers accept as an array."""

from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any, TypeAlias

import backends
from backends import Array, ArrayIn, DType, device, isdtype, namespace
from backends.host import short_name

Numbers: TypeAlias = ArrayIn | float | Sequence[float] | Sequence[Sequence[float]]
"""An array, or what counts as one on the host."""

_FEW = 4096  # so many ones at most are kept for the next step


def is_array(x: Any) -> bool:
    """Tell whether `x` is an array of any library, or a NumPy scalar, and not a number or list."""
    return hasattr(x, "dtype")


def check_array(name: str, x: Any) -> None:
    """Raise a TypeError that names the argument unless it is an array."""
    if not is_array(x):
        raise TypeError(
            f"`{name}` must be an array of a library that implements the Array API standard; "
            f"got {type(x).__name__}"
        )


def is_floating(x: Any) -> bool:
    """Tell whether `x` is an array in a real floating dtype."""
    if not (is_array(x) and hasattr(x, "shape")):  # or a `finfo`, which has a dtype too
        return False
    return bool(isdtype(namespace(x), x.dtype, "real floating"))


def check_real(what: str, x: Array) -> None:
    """Raise a TypeError, which calls `x` by `what`, unless it is an array of real numbers."""
    if not isdtype(namespace(x), x.dtype, ("real floating", "integral", "bool")):
        raise TypeError(f"{what} must be real; got {x.dtype}")


def check_unmasked(what: str, x: Any) -> None:
    """Raise a TypeError, which calls `x` by `what`, if it is a masked array."""
    if hasattr(x, "mask"):
        raise TypeError(f"{what} must not be masked: no layer knows masks; fill it first")


def copy_of(x: Array) -> Array:
    """Return a copy of an array: same library, device and dtype, memory of its own."""
    return namespace(x).astype(x, x.dtype, copy=True)


def widened(x: Array) -> Array:
    """Return a copy of a floating array, in the widest floating dtype that its device has."""
    backend = backends.of(x)
    return backend.xp.astype(x, backend.widest, copy=True)


def is_bfloat16(x: Any) -> bool:
    """Tell whether an array is in the dtype that NumPy lacks."""
    return is_array(x) and short_name(x.dtype) == "bfloat16"


def host_values(x: Array) -> Any:
    """Return NumPy's copy of an array, bfloat16 as float32, which holds all its values."""
    backend = backends.of(x)
    if is_bfloat16(x):
        x = backend.xp.astype(x, backend.dtype("float32"))
    return backend.to_numpy(x)


def as_array(x: Any) -> Array:
    """Return `x`; numbers and sequences of numbers as an array on the host."""
    return x if is_array(x) else backends.host().asarray(x)


def floating_array(x: Any) -> Array:
    """Return `x` as an array in a floating dtype: integers and booleans in the library's default.

    Raises
    ------
    TypeError
        When `x` is not real.
    """
    x = as_array(x)
    xp = namespace(x)
    if isdtype(xp, x.dtype, "real floating"):
        return x
    if isdtype(xp, x.dtype, ("integral", "bool")):
        return xp.astype(x, default_dtype(x, "real floating"))
    raise TypeError(f"`x` must be real; got dtype {x.dtype}")


def floating_operand(x: Any) -> Any:
    """Return a number as it is, and an array in a floating dtype."""
    return floating_array(x) if is_array(x) else x


def wide_operand(x: Any) -> Any:
    """Return an array of narrow integers or booleans in the default integer dtype, else `x`.

    As uint8, 1 - 2 would be 255.
    """
    if not is_array(x):
        return x
    xp = namespace(x)
    if not isdtype(xp, x.dtype, ("integral", "bool")):
        return x
    dtype = default_dtype(x, "integral")
    wide = not isdtype(xp, x.dtype, "bool") and xp.iinfo(x.dtype).bits >= xp.iinfo(dtype).bits
    return x if wide else xp.astype(x, dtype)


def floating_dtype_of(x: Array) -> DType:
    """Return the dtype of an array if it is a floating one, else the default one where `x` is."""
    return x.dtype if is_floating(x) else default_dtype(x, "real floating")


@cache
def float_bits(xp: Any, dtype: DType) -> int:
    """Return how many bits a floating dtype has, remembered: finding out takes microseconds."""
    return int(xp.finfo(dtype).bits)


_defaults: dict[tuple[Any, str, str], Any] = {}


def default_dtype(x: Array, kind: str) -> Any:
    """Return the default dtype of a kind (``"real floating"``, ``"indexing"``) where `x` is."""
    xp, where = namespace(x), device(x)
    key = xp, str(where), kind
    if key not in _defaults:
        _defaults[key] = xp.__array_namespace_info__().default_dtypes(device=where)[kind]
    return _defaults[key]


def zero_like(x: Array) -> Any:
    """Return 0 for operations that want it where `x` is: a number on the host.

    From a number PyTorch would make an array and bring it over, which no CUDA graph can hold.
    """
    if backends.host().holds(x):
        return 0
    return namespace(x).zeros((), dtype=x.dtype, device=device(x))


def column_sums(x: Array) -> Array:
    """Return the sums over the rows of (N, M); NumPy is faster at a product with ones."""
    if not backends.host().holds(x):
        return namespace(x).sum(x, axis=0)
    return _ones(x.shape[0], x.dtype) @ x


def row_sums(x: Array) -> Array:
    """Return the sums over the last axis, kept as an axis of length 1; fast for (N, C)."""
    if x.ndim != 2 or not backends.host().holds(x):
        return namespace(x).sum(x, axis=-1, keepdims=True)
    return x @ _ones(x.shape[1], x.dtype)[:, None]


def _ones(count: int, dtype: DType) -> Array:
    """Return ones on the host, to be read only: few are made once."""
    if count <= _FEW:
        return _few_ones(count, dtype)
    return backends.host().xp.ones(count, dtype=dtype)


@lru_cache(maxsize=16)
def _few_ones(count: int, dtype: DType) -> Array:
    return backends.host().xp.ones(count, dtype=dtype)


def shape(x: Array) -> tuple[int, ...]:
    """Return the shape as a plain tuple, as messages show it."""
    return tuple(x.shape)


def batch(x: Array) -> int:
    """Return the length of the first axis, as `reshape` takes it: -1 where it is not known yet."""
    return -1 if x.shape[0] is None else x.shape[0]
