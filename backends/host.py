"""Data in host memory, as arrays are made of them: numbers, and the very numbers."""

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import numpy as np


def host_data(obj: Any) -> Any:
    """Return a NumPy copy of an array, nested sequence or number.

    Raises
    ------
    TypeError
        When it holds no numbers that other libraries know, or has a mask.
    """
    if _is_masked(obj):
        raise TypeError("an array must not be masked: other libraries know no mask; fill it first")
    host = np.array(obj, order="C")
    name = host.dtype.name
    if name == "bfloat16" or name.startswith("float8"):
        raise TypeError(f"an array must hold numbers that NumPy knows; got {name}: cast it first")
    if host.dtype.kind not in "biufc":
        what = f"dtype {host.dtype}"
        foreign = hasattr(obj, "__array_namespace__") and not isinstance(obj, np.ndarray)
        if host.dtype == object and foreign:
            what = f"a {type(obj).__name__} of {type(obj).__module__}, which offers no DLPack"
        raise TypeError(f"an array must hold numbers; got {what}")
    return host.astype(host.dtype.newbyteorder("="), copy=False)


def generator(seed: int | None) -> "np.random.Generator":  # quoted: slow to import
    """Return a PCG64 generator.

    Raises
    ------
    TypeError, ValueError
        When `seed` is no whole number, or negative.
    """
    try:
        return np.random.Generator(np.random.PCG64(seed))
    except (TypeError, ValueError) as error:
        kind = type(error)
        raise kind(f"`seed` must be a whole number, 0 or more; got {seed!r}") from None


def holds_arrays(obj: list[Any] | tuple[Any, ...]) -> bool:
    """Tell whether there are arrays of another library than NumPy in nested sequences."""
    return any(
        holds_arrays(item)
        if isinstance(item, list | tuple)
        else hasattr(item, "__dlpack__") and not isinstance(item, np.ndarray | np.generic)
        for item in obj
    )


def short_name(dtype: Any) -> str:
    """Return the name of any library's dtype: ``"float32"``."""
    return str(dtype).rpartition(".")[2]


def numpy_dtype(dtype: Any) -> Any:
    """Return NumPy's dtype for that of any library, or None where it has none (bfloat16)."""
    for name in (dtype, short_name(dtype)):
        with suppress(TypeError):
            found = np.dtype(name)
            return found if found.kind in "biufc" else None  # JAX brings a bfloat16 of kind V
    return None


def _is_masked(obj: Any) -> bool:
    if isinstance(obj, list | tuple):
        return any(map(_is_masked, _not_numbers(obj)))
    return isinstance(obj, np.ma.MaskedArray)


def _not_numbers(items: Iterable[Any]) -> list[Any]:
    return [item for item in items if isinstance(item, list | tuple | np.ndarray)]


def unchanged(host: Any, dtype: Any) -> Any:
    """Return NumPy data in another dtype, rounded where that is floating, else with equal values.

    Parameters
    ----------
    host : NumPy array
    dtype : NumPy dtype, or None
        None for one that NumPy has not: the data are returned as they are.

    Raises
    ------
    OverflowError
        When a value is too large.
    ValueError
        When a value has a fraction, or an imaginary part, which the dtype has not.
    """
    if dtype is None or dtype == host.dtype or not host.size:
        return host
    if host.dtype.kind == "c" and dtype.kind != "c":
        if np.any(host.imag != 0):
            raise ValueError(f"values must be real for {dtype}; got {_first(host, host.imag != 0)}")
        host = host.real
    with np.errstate(all="ignore"):
        new = host.astype(dtype)
    if dtype.kind in "fc":
        lost = np.isfinite(host) & ~np.isfinite(new)
    elif dtype.kind == "b":
        lost = host != new
    else:
        lost = _outside(host, np.iinfo(dtype))
        if not lost.any() and np.any(fractional := new != host):
            raise ValueError(f"values must be whole for {dtype}; got {_first(host, fractional)}")
    if lost.any():
        raise OverflowError(f"values must fit {dtype}; got {_first(host, lost)}")
    return new


def _outside(host: Any, limits: Any) -> Any:
    """Return where values are beyond the limits of an integer dtype, or not a number."""
    if host.dtype.kind == "b":
        return np.zeros(host.shape, dtype=bool)
    if host.dtype.kind == "f":
        return ~((host >= float(limits.min)) & (host < float(limits.max) + 1))
    return (host < limits.min) | (host > limits.max)


def _first(host: Any, where: Any) -> Any:
    return host[where].flat[0].item()
