"""Numerical differentiation of any function of an array (sections 4.3 and 4.4)."""

import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any

import backends
from backends import Array, DType, isdtype, namespace
from backprop.arrays import shape
from backprop.gradients import steps
from backprop.gradients.evaluation import evaluation, float64_for

_STACK_MEMORY = 1 << 24


def numerical_diff(
    f: Callable[[Any], Any], x: Any, step: float | None = None, *, stencil: str = "central"
) -> Any:
    """Return the derivative of `f` at `x` (section 4.3.1).

    Parameters
    ----------
    f : callable
        Takes a number, or an array that it treats entry by entry.
    x : float or array
        Where; an integer number counts as a float.
    step : float, optional
        Chosen from the dtype and the magnitude of `x` if not given; 1e-4 gives the book's digits.
    stencil : str
        ``"central"``, ``"forward"``, ``"backward"`` or ``"five-point"``.

    Raises
    ------
    TypeError
        When `x` is an array of integers or complex numbers.
    ValueError
        When `step` is not positive, or there is no such stencil.

    Examples
    --------
    >>> numerical_diff(lambda x: 0.01 * x**2 + 0.1 * x, 5, step=1e-4)
    0.1999999999990898
    """
    steps.check_step(step)
    rule = steps.stencil(stencil)
    if isinstance(x, int) and not isinstance(x, bool):
        x = float(x)
    array = backends.host().asarray(x) if isinstance(x, float) else x
    _check_floating(array)
    wide = float64_for(array)
    if wide is not None:  # small steps are lost in a narrow dtype
        slope = numerical_diff(f, namespace(array).astype(array, wide), step, stencil=stencil)
        return namespace(array).astype(slope, array.dtype)
    if step is None:
        xp = namespace(array)
        h = steps.default_step(array, array.dtype) * xp.maximum(xp.abs(array), 1.0)
        h = float(h) if isinstance(x, float) else h
    else:
        h = step
    change = sum(w * f(x + o * h) for o, w in zip(rule.offsets, rule.weights, strict=True))
    return change / (rule.divisor * h)


def numerical_gradient(
    f: Callable[[Array], Any],
    x: Array,
    step: float | None = None,
    *,
    stencil: str = "central",
    stacked: bool = False,
    memory: int = _STACK_MEMORY,
) -> Array:
    """Return the gradient of `f` at `x` (section 4.4).

    The book's idiom works, in which `f` ignores its argument and reads the very array `x`: entries
    of `x` are changed in place and restored bit for bit, whatever happens inside `f`. Where `x`
    can't be changed, `f` gets changed copies. For float16 and float32, `f` gets float64 copies if
    it can use them, since a small step is lost in these dtypes.

    Parameters
    ----------
    f : callable
        Takes an array like `x` and returns a number or 0-d array; if `stacked`, takes
        `(K,) + x.shape` and returns (K,).
    x : array, real floating, any shape
        Where.
    step : float, optional
        Chosen from the dtype and the magnitude of each entry if not given.
    stencil : str
        ``"central"``, ``"forward"``, ``"backward"`` or ``"five-point"``.
    stacked : bool
        Evaluate many perturbed copies in one call of `f`.
    memory : int
        About how many bytes a stack of copies may take.

    Returns
    -------
    array
        Shape, dtype and device of `x`.

    Raises
    ------
    TypeError
        When `x` is no array, or one of integers or complex numbers.
    ValueError
        When `x` is not finite, `f` returns no number, or `f` ignores its argument and `x` can't be
        changed in place.

    Examples
    --------
    >>> import numpy as np
    >>> numerical_gradient(lambda x: np.sum(x**2), np.array([3.0, 4.0]), step=1e-4).tolist()
    [6.00000000000378, 7.999999999999119]
    """
    steps.check_step(step)
    rule = steps.stencil(stencil)
    _check_floating(x)
    if memory < 1:
        raise ValueError(f"`memory` must be 1 or more bytes; got {memory}")
    xp = namespace(x)
    if not bool(xp.all(xp.isfinite(x))):
        raise ValueError("`x` must be finite; got inf or nan in it")
    if 0 in x.shape:
        return xp.zeros_like(x)
    if stacked:
        return _stacked(f, x, step, rule, memory)
    indices = itertools.product(*map(range, x.shape))
    quotients = []
    saved = xp.astype(x, x.dtype, copy=True)
    try:
        evaluate, dtype = evaluation(f, x)
        h = _entry_steps(saved, step, dtype)
        for index, size in zip(indices, h, strict=True):
            values = [evaluate(index, o * size) for o in rule.offsets]
            change = sum(w * value for w, value in zip(rule.weights, values, strict=True))
            quotients.append(change / (rule.divisor * size))
    finally:
        if backends.is_writable(x):
            x[...] = saved
    return xp.astype(xp.reshape(xp.stack(quotients), x.shape), x.dtype)


def gradient_descent(
    f: Callable[[Array], Any],
    init_x: Array,
    lr: float = 0.01,
    step_num: int = 100,
    step: float | None = None,
) -> Array:
    """Return where `step_num` steps of x -= lr * gradient lead from `init_x` (section 4.4.1).

    Parameters
    ----------
    f : callable
        Takes an array like `init_x`, returns a number or 0-d array.
    init_x : array, real floating
        Is left as it is.
    lr : float
        Learning rate.
    step_num : int
        Number of steps.
    step : float, optional
        Of the numerical gradient.

    Examples
    --------
    >>> import numpy as np
    >>> x = gradient_descent(lambda x: np.sum(x**2), np.array([-3.0, 4.0]), 0.1, 100, step=1e-4)
    >>> [f"{v:.8e}" for v in x]
    ['-6.11110793e-10', '8.14814391e-10']
    """
    _check_floating(init_x)
    x = namespace(init_x).astype(init_x, init_x.dtype, copy=True)
    for _ in range(step_num):
        x = x - lr * numerical_gradient(f, x, step)
    return x


def _check_floating(x: Array) -> None:
    if not isdtype(namespace(x), x.dtype, "real floating"):
        raise TypeError(
            f"`x` must be real floating; got {x.dtype}: use x.astype(float) or the like"
        )


def _entry_steps(x: Array, step: float | None, dtype: DType) -> Iterator[float]:
    """Yield the step of each entry, for arithmetic in `dtype`."""
    if step is not None:
        return itertools.repeat(step, math.prod(x.shape))
    base = steps.default_step(x, dtype)
    host = backends.of(x).to_numpy(x)
    return (base * max(1.0, abs(float(v))) for v in host.reshape(-1))


def _stacked(
    f: Callable[[Array], Any], x: Array, step: float | None, rule: steps.Stencil, memory: int
) -> Array:
    """Return the gradient from stacks of changed copies."""
    xp, where = namespace(x), backends.device(x)
    dtype = float64_for(x) or x.dtype
    flat = xp.reshape(xp.astype(x, dtype), (1, -1))
    size = flat.shape[1]
    h = xp.maximum(xp.abs(flat[0, :]), 1.0) * steps.default_step(x, dtype)
    h = h if step is None else xp.full((size,), step, dtype=dtype, device=where)
    entries = xp.arange(size, device=where)
    bytes_a_copy = size * xp.finfo(dtype).bits // 8
    count = max(1, memory // (2 * bytes_a_copy))
    quotients = []
    for start in range(0, size, count):
        part = slice(start, min(start + count, size))
        own = xp.astype(entries[part, None] == entries[None, :], dtype)  # (K, size)
        change = xp.zeros_like(h[part])
        for offset, weight in zip(rule.offsets, rule.weights, strict=True):
            copies = flat + (offset * h[part])[:, None] * own
            y = f(xp.reshape(copies, (copies.shape[0], *x.shape)))
            if getattr(y, "shape", None) != h[part].shape:
                raise ValueError(
                    f"`f` must return one number for each of the {copies.shape[0]} stacked arrays; "
                    f"got shape {shape(y) if hasattr(y, 'shape') else ()}"
                )
            change = change + weight * xp.astype(y, dtype)
        quotients.append(change / (rule.divisor * h[part]))
    return xp.astype(xp.reshape(xp.concat(quotients), x.shape), x.dtype)
