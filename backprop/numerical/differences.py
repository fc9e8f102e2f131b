"""Numerical differentiation of any function of an array (sections 4.3 and 4.4)."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

import backends
from backends import Array, ArrayIn, namespace
from backprop.arguments import whole
from backprop.arrays import check_array, copy_of, is_array, is_floating, shape, widened
from backprop.numerical import steps
from backprop.numerical.evaluation import Evaluation, check_result, one_by_one, stacks
from backprop.numerical.slopes import FACTORS, Slopes, converged, slopes

STACK_MEMORY = 1 << 24
"""About how many bytes a stack of copies takes, if nothing else is said."""

_ROUND_OFF = 4.0  # a difference of two values is rounded by about this many eps


def numerical_diff(f: Callable[[Any], Any], x: Any, step: float | None = None) -> Any:
    """Return the derivative of `f` at `x`, by central differences (section 4.3.1).

    Parameters
    ----------
    f : callable
        Takes a number, or an array that it treats entry by entry.
    x : float or array
        Where; an integer number counts as a float.
    step : float, optional
        1e-4 gives the book's digits. If not given, it is chosen from the dtype and the magnitude
        of `x`, and refined where `f` bends within it.

    Raises
    ------
    TypeError
        When `x` is an array of integers or complex numbers, or `f` returns no real floats.
    ValueError
        When `step` is not positive, or `f` is not finite around `x`.

    Examples
    --------
    >>> numerical_diff(lambda x: 0.01 * x**2 + 0.1 * x, 5, step=1e-4)
    0.1999999999990898
    """
    steps.check_step(step)
    if isinstance(x, int) and not isinstance(x, bool):
        x = float(x)
    array = backends.host().asarray(x) if isinstance(x, float) else x
    _check_floating(array)
    backend = backends.of(array)
    wide = array if array.dtype == backend.widest else widened(array)
    argument = x if isinstance(x, float) else wide
    if step is not None:
        slope = (f(argument + step) - f(argument - step)) / (2 * step)
        check_result(slope)
        return slope if isinstance(x, float) else backend.xp.astype(slope, array.dtype)
    eps = float(backend.xp.finfo(wide.dtype).eps)
    base = steps.step_for(eps)
    size = math.prod(array.shape)
    host = backend.to_numpy(wide).reshape(-1).astype(np.float64)
    h = base * np.maximum(np.abs(host), 1.0)

    def values(distances: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        moved = (host + distances).reshape(shape(array))
        y = f(float(moved) if isinstance(x, float) else backend.asarray(moved, wide.dtype))
        check_result(y)
        y = backends.of(y).to_numpy(y) if is_array(y) else y
        return np.broadcast_to(np.asarray(y, dtype=np.float64), moved.shape).reshape(-1)

    start = values(np.zeros(size))

    def look(level: int, which: npt.NDArray[np.intp]) -> Slopes:
        distances = np.stack([factor * h / steps.REFINEMENT**level for factor in FACTORS])
        distances = (host + distances) - host  # as far as they go when they are rounded
        changes = np.stack([values(d) - start for d in distances])
        return slopes(changes, distances).take(which)

    noise = _ROUND_OFF * eps * float(np.abs(start[np.isfinite(start)]).max(initial=0.0))
    found = converged(look, size, noise, steps.FINEST)
    _check_finite(found.reshape(shape(array)), array)
    return (
        float(found[0])
        if isinstance(x, float)
        else backend.asarray(found.reshape(shape(array)), array.dtype)
    )


def numerical_gradient(
    f: Callable[[Array], Any],
    x: ArrayIn,
    step: float | None = None,
    *,
    stacked: bool = False,
    memory: int = STACK_MEMORY,
) -> Array:
    """Return the gradient of `f` at `x`, by central differences (section 4.4).

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
        1e-4 gives the book's digits. If not given, it is chosen from the dtype and the magnitude
        of each entry, and refined where `f` bends within it.
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
        When `x` is no array, or one of integers or complex numbers, or `f` returns no real float.
    ValueError
        When `x` is not finite, `f` returns no number or is not finite around an entry, or `f`
        ignores its argument and `x` can't be changed in place.

    Examples
    --------
    >>> import numpy as np
    >>> numerical_gradient(lambda x: np.sum(x**2), np.array([3.0, 4.0]), step=1e-4).tolist()
    [6.00000000000378, 7.999999999999119]
    """
    check_arguments(f, x, step, memory)
    if 0 in x.shape:
        return namespace(x).zeros_like(x)
    array: Array = x
    saved = copy_of(array)
    try:
        evaluation = stacks(f, array[None, ...], memory) if stacked else one_by_one(f, array)
        return differences(evaluation, saved, step)
    finally:
        if backends.is_writable(array):
            array[...] = saved


def check_arguments(f: Any, x: Any, step: float | None, memory: int) -> None:
    """Raise a TypeError or ValueError unless a gradient at `x` can be taken in such a way."""
    if not callable(f):
        raise TypeError(f"`f` must be a function; got {f!r}")
    steps.check_step(step)
    _check_floating(x)
    whole("memory", memory)
    xp = namespace(x)
    if not bool(xp.all(xp.isfinite(x))):
        raise ValueError("`x` must be finite; got inf or nan in it")


def differences(f: Evaluation, x: Array, step: float | None) -> Array:
    """Return the gradient at `x`, with the given step or with one that converges.

    Where `f` is evaluated near P arrays, `x` is the stack of them.
    """
    gradient = _on_host(f, x, step)
    _check_finite(gradient, x)
    return backends.of(x).asarray(gradient, x.dtype)


def _on_host(f: Evaluation, x: Array, step: float | None) -> npt.NDArray[np.float64]:
    host = backends.of(x).to_numpy(x).astype(np.float64).reshape(-1)
    count = host.size
    if step is not None:
        moves = np.concatenate([np.full(count, step), np.full(count, -step)])
        values, _ = f.changed([*range(count), *range(count)], moves)
        gradient = (values[:count] - values[count:]) / (2 * step)
        return np.asarray(gradient).reshape(shape(x))
    h = steps.default_step(x, f.dtype) * np.maximum(np.abs(host), 1.0)
    start = np.repeat(f.start, count // f.start.size)

    def look(level: int, which: npt.NDArray[np.intp]) -> Slopes:
        moves = [factor * h[which] / steps.REFINEMENT**level for factor in FACTORS]
        values, distances = f.changed(which.tolist() * len(FACTORS), np.concatenate(moves))
        return slopes(values.reshape(4, -1) - start[which], distances.reshape(4, -1))

    noise = _ROUND_OFF * float(namespace(x).finfo(f.dtype).eps) * np.abs(start)
    return converged(look, count, noise, steps.FINEST).reshape(shape(x))


def _check_floating(x: Array) -> None:
    check_array("x", x)
    if not is_floating(x):
        raise TypeError(
            f"`x` must be real floating; got {x.dtype}: use x.astype(float) or the like"
        )


def _check_finite(gradient: npt.NDArray[np.float64], x: Array) -> None:
    """Raise a ValueError that names the first entry around which `f` is not finite."""
    wrong = np.argwhere(~np.isfinite(gradient))
    if wrong.size or (gradient.ndim == 0 and not np.isfinite(gradient)):
        where = tuple(map(int, wrong[0])) if gradient.ndim else ()
        value = float(backends.of(x).to_numpy(x)[where])
        entry = f"x[{', '.join(map(str, where))}]" if where else "x"
        raise ValueError(f"`f` must be finite around {entry} = {value:.6g}; got inf or nan")
