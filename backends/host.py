"""Data in host memory, as arrays are made of them: numbers, and the very numbers."""

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import numpy as np

_FEW = 1000
"""Steps that a search for common memory may take."""


def host_data(obj: Any) -> Any:
    """Return a NumPy copy of an array, nested sequence or number.

    Raises
    ------
    OverflowError
        When a sequence holds an integer that NumPy's dtype for the whole would round.
    TypeError
        When it holds no numbers that other libraries know, or has a mask.
    ValueError
        When rows of a sequence are of different lengths.
    """
    if _is_masked(obj):
        raise TypeError("an array must not be masked: other libraries know no mask; fill it first")
    try:
        host = np.array(obj, order="C")
    except ValueError as error:
        if "inhomogeneous" not in str(error):
            raise
        raise ValueError("rows must be of one length; got a ragged sequence") from None
    if host.dtype.kind not in "biufc" and not is_odd_number(host.dtype):
        what = f"dtype {host.dtype}"
        foreign = hasattr(obj, "__array_namespace__") and not isinstance(obj, np.ndarray)
        if host.dtype == object and foreign:
            what = f"a {type(obj).__name__} of {type(obj).__module__}, which offers no DLPack"
        raise TypeError(f"an array must hold numbers; got {what}")
    if isinstance(obj, list | tuple) and host.dtype.kind in "fc" and host.size:
        host = _with_whole_integers(host, obj)
    return of_numpy(host).astype(host.dtype.newbyteorder("="), copy=False)


def is_odd_number(dtype: Any) -> bool:
    """Tell whether a dtype of NumPy arrays is a number that only other libraries know."""
    return bool(dtype.isbuiltin == 2)  # made by another library for NumPy


def of_numpy(host: Any) -> Any:
    """Return a NumPy array as it is.

    Raises
    ------
    TypeError
        When its dtype is none of NumPy's own: JAX brings bfloat16 and int4.
    """
    if is_odd_number(host.dtype):
        name = host.dtype.name
        raise TypeError(f"an array must hold numbers that NumPy knows; got {name}: cast it first")
    return host


def _with_whole_integers(host: Any, items: list[Any] | tuple[Any, ...]) -> Any:
    """Return floats that NumPy made of a sequence; integers alone are integers again.

    Raises
    ------
    OverflowError
        When an integer among them was rounded.
    """
    if _holds_float(items) and not np.any(np.abs(host) >= 2.0**53):
        return host
    exact = np.array(items, dtype=object)
    whole = np.array([isinstance(x, int | np.integer) for x in exact.flat]).reshape(exact.shape)
    if whole.all():
        again = np.array([int(x) for x in exact.flat]).reshape(exact.shape)
        if again.dtype.kind in "iu":
            return again
        raise OverflowError(
            f"integers must fit one integer dtype; got {min(exact.flat)} and {max(exact.flat)}"
        )
    lost = whole & (host.real.astype(object) != exact)
    if lost.any():
        raise OverflowError(f"integers must be exact in {host.dtype}; got {exact[lost].flat[0]}")
    return host


def _holds_float(items: list[Any] | tuple[Any, ...]) -> bool:
    """Tell whether there is a number with a fraction or an imaginary part, by its type."""
    return any(
        _holds_float(item)
        if isinstance(item, list | tuple)
        else isinstance(item, float | complex | np.inexact)
        or getattr(getattr(item, "dtype", None), "kind", "") in ("f", "c")
        for item in items
    )


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


def share_memory(x: Any, y: Any) -> bool:
    """Tell whether two arrays in host memory have a part of it in common, if that is soon seen."""
    try:
        both = np.asarray(x), np.asarray(y)
        return np.shares_memory(*both, max_work=_FEW)  # type: ignore[arg-type]
    except (TypeError, np.exceptions.TooHardError):  # NumPy has no bfloat16
        return False


def short_name(dtype: Any) -> str:
    """Return the name of any library's dtype: ``"float32"``."""
    return str(dtype).rpartition(".")[2].rstrip("'>")  # of a class, too


def numpy_dtype(dtype: Any) -> Any:
    """Return NumPy's dtype for that of any library, or None where it has none (bfloat16)."""
    for name in (dtype, short_name(dtype)):
        with suppress(TypeError):
            found = np.dtype(name)
            return None if found.kind not in "biufc" or is_odd_number(found) else found
    return None


def _is_masked(obj: Any) -> bool:
    if isinstance(obj, list | tuple):
        return any(map(_is_masked, _not_numbers(obj)))
    return isinstance(obj, np.ma.MaskedArray)


def _not_numbers(items: Iterable[Any]) -> list[Any]:
    return [item for item in items if isinstance(item, list | tuple | np.ndarray)]
