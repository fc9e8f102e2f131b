"""How a function is evaluated with one entry of its argument changed: in place, or on copies."""

import math
import numbers
from collections.abc import Callable
from typing import Any, TypeAlias

import backends
from backends import Array, DType, namespace
from backprop.arrays import shape

Evaluate: TypeAlias = Callable[[tuple[int, ...], float], Array]


def float64_for(x: Array) -> DType | None:
    """Return float64 where the device of `x` has it and `x` is narrower, else None."""
    backend = backends.of(x)
    if not backend.has_float64:
        return None
    dtype = backend.dtype("float64")
    return None if x.dtype == dtype else dtype


def _number(y: Any, x: Array, dtype: DType) -> Array:
    """Return what `f` gave as a 0-d array of `dtype`."""
    if getattr(y, "shape", ()) != ():
        raise ValueError(f"`f` must return a number; got shape {shape(y)}")
    xp = namespace(x)
    if not hasattr(y, "dtype") and not isinstance(y, numbers.Real):
        raise TypeError(f"`f` must return a number; got {type(y).__name__}")
    if not hasattr(y, "dtype"):
        return xp.asarray(y, dtype=dtype, device=backends.device(x))
    return xp.astype(xp.asarray(y), dtype)


def evaluation(f: Callable[[Array], Any], x: Array) -> tuple[Evaluate, DType]:
    """Return how to evaluate `f` with one entry changed, and the dtype that decides the step."""
    wide = float64_for(x)
    writable = backends.is_writable(x)
    quotient = x.dtype if wide is None else wide
    if wide is None and writable:
        return _in_place(f, x, quotient), x.dtype
    if wide is not None:
        heeds, result = _heeds(f, x, wide)
        if heeds:
            return _on_copies(f, x, wide), result
    if writable:
        return _in_place(f, x, quotient), x.dtype
    f(namespace(x).astype(x, x.dtype, copy=True))  # an error of f's own is the user's to see
    if _heeds(f, x, x.dtype)[0]:
        return _on_copies(f, x, x.dtype), x.dtype
    raise ValueError(
        "`f` must depend on its argument, as `x` can't be changed in place; "
        "it gave the same number for other arrays"
    )


def _heeds(f: Callable[[Array], Any], x: Array, dtype: DType) -> tuple[bool, DType]:
    """Tell whether `f` heeds an array of `dtype`, and the dtype of what it returns."""
    xp = namespace(x)
    own = xp.astype(x, dtype, copy=True)
    try:
        plain = f(xp.astype(own, dtype, copy=True))
    except Exception:  # f may refuse the dtype
        return False, dtype
    result = getattr(plain, "dtype", dtype)
    result = result if result in (dtype, x.dtype) else dtype
    for other in (own * math.nan, own + 1.0, own - 1.0, own * -2.0 - 3.0):
        try:
            if not bool(plain == f(other)):
                return True, result
        except Exception:  # f looked at what it got
            return True, result
    return False, result


def _in_place(f: Callable[[Array], Any], x: Array, quotient: DType) -> Evaluate:
    """Return how to evaluate `f` by changing `x` itself; the caller keeps a copy of `x`."""

    def evaluate(index: tuple[int, ...], offset: float) -> Array:
        saved = namespace(x).astype(x[index], x.dtype, copy=True)
        try:
            x[index] = saved + offset
            return _number(f(x), x, quotient)
        finally:
            x[index] = saved

    return evaluate


def _on_copies(f: Callable[[Array], Any], x: Array, dtype: DType) -> Evaluate:
    backend = backends.of(x)
    host = backend.to_numpy(backend.xp.astype(x, dtype))

    def evaluate(index: tuple[int, ...], offset: float) -> Array:
        changed = host.copy()
        changed[index] += offset
        return _number(f(backend.asarray(changed, dtype)), x, dtype)

    return evaluate
