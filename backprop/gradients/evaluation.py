"""How a function is evaluated with one entry of its argument changed: in place, or on copies."""

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import backends
from backends import Array, DType, namespace
from backprop.arrays import shape

Evaluate: TypeAlias = Callable[[tuple[int, ...], float], Array]
Restore: TypeAlias = Callable[[], None]


def float64_for(x: Array) -> DType | None:
    """Return float64 where the device of `x` has it and `x` is narrower, else None."""
    try:
        dtype = backends.of(x).dtype("float64")
    except TypeError:
        return None
    return None if x.dtype == dtype else dtype


def _number(y: Any, x: Array, dtype: DType) -> Array:
    """Return what `f` gave as a 0-d array of `dtype`."""
    if getattr(y, "shape", ()) != ():
        raise ValueError(f"`f` must return a number; got shape {shape(y)}")
    xp = namespace(x)
    if not hasattr(y, "dtype"):
        return xp.asarray(y, dtype=dtype, device=backends.device(x))
    return xp.astype(xp.asarray(y), dtype)


def evaluation(f: Callable[[Array], Any], x: Array) -> tuple[Evaluate, DType, Restore]:
    """Return how to evaluate `f` with one entry changed, and how to undo what that did to `x`.

    Between the two stands the dtype of the arithmetic, which decides the step.
    """
    wide = float64_for(x)
    writable = backends.is_writable(x)
    quotient = x.dtype if wide is None else wide
    if wide is None and writable:
        evaluate, restore = _in_place(f, x, quotient)
        return evaluate, x.dtype, restore
    uses, result = _uses_argument(f, x, quotient)
    if uses:
        return _on_copies(f, x, quotient), result, _nothing
    if result is None and not writable and _uses_argument(f, x, x.dtype)[0]:
        return _on_copies(f, x, x.dtype), x.dtype, _nothing
    if writable:
        evaluate, restore = _in_place(f, x, quotient)
        return evaluate, x.dtype, restore
    raise ValueError(
        "`f` must depend on its argument, as `x` can't be changed in place; "
        "it gave the same number for an array of nan"
    )


def _uses_argument(f: Callable[[Array], Any], x: Array, dtype: DType) -> tuple[bool, DType | None]:
    """Tell whether `f` heeds an array of `dtype`, and the dtype of what it returns."""
    xp = namespace(x)
    poison = xp.full(x.shape, math.nan, dtype=dtype, device=backends.device(x))
    try:
        plain = f(xp.astype(x, dtype, copy=True))
        poisoned = f(poison)
        heeded = not bool(plain == poisoned)
    except Exception:  # f may refuse the dtype, or nan, in a way of its own
        return False, None
    result = getattr(plain, "dtype", dtype)
    return heeded, result if result in (dtype, x.dtype) else dtype


def _nothing() -> None:
    pass


def _in_place(f: Callable[[Array], Any], x: Array, quotient: DType) -> tuple[Evaluate, Restore]:
    saved = namespace(x).astype(x, x.dtype, copy=True)

    def evaluate(index: tuple[int, ...], offset: float) -> Array:
        try:
            x[index] = saved[index] + offset
            return _number(f(x), x, quotient)
        finally:
            x[index] = saved[index]

    def restore() -> None:
        x[...] = saved

    return evaluate, restore


def _on_copies(f: Callable[[Array], Any], x: Array, dtype: DType) -> Evaluate:
    backend = backends.of(x)
    host = backend.to_numpy(backend.xp.astype(x, dtype))

    def evaluate(index: tuple[int, ...], offset: float) -> Array:
        changed = host.copy()
        changed[index] += offset
        return _number(f(backend.asarray(changed, dtype)), x, dtype)

    return evaluate
