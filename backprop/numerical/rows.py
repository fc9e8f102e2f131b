"""The gradient at each row of an array: many points at a time (section 4.4)."""

from collections.abc import Callable
from typing import Any

import backends
from backends import Array, namespace
from backprop.arrays import copy_of, is_array, is_floating, shape
from backprop.numerical.differences import (
    STACK_MEMORY,
    check_arguments,
    differences,
    numerical_gradient,
)
from backprop.numerical.evaluation import stacks


def numerical_gradient_2d(
    f: Callable[[Array], Any],
    x: Array,
    step: float | None = None,
    *,
    memory: int = STACK_MEMORY,
) -> Array:
    """Return the gradient of `f` at each row of `x`, by central differences (section 4.4).

    N points, D coordinates. Where `f` takes many rows at once, as the book's
    ``np.sum(x**2, axis=1)`` does, all points and all their coordinates are evaluated in one stack
    on the device; else row by row.

    Parameters
    ----------
    f : callable
        Takes a row, shape (D,), and returns a number; or takes (K, D) and returns (K,), or both.
    x : array, real floating, shape (N, D) or (D,)
        The points; one alone gives `numerical_gradient`. It is never changed.
    step : float, optional
        1e-4 gives the book's digits; if not given, it is chosen as in `numerical_gradient`.
    memory : int
        About how many bytes a stack of copies may take.

    Returns
    -------
    array
        Shape, dtype and device of `x`.

    Raises
    ------
    TypeError, ValueError
        As `numerical_gradient` does; and when `x` has other axes than these.

    Notes
    -----
    `f` is taken to be one for stacks if it answers copies of rows with one real float for each, and
    the first and the last row within a stack as it does each alone. It is asked with more rows
    than a row has entries, so that a sum over the wrong axis shows.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([[3.0, 4.0], [0.0, 2.0]])
    >>> numerical_gradient_2d(lambda x: np.sum(x**2, axis=-1), x).tolist()
    [[6.0, 8.0], [0.0, 4.0]]
    """
    check_arguments(f, x, step, memory)
    if x.ndim not in (1, 2):
        raise ValueError(f"`x` must have shape (N, D) or (D,); got {shape(x)}")
    xp = namespace(x)
    if 0 in x.shape:
        return xp.zeros_like(x)
    if x.ndim == 1:
        return numerical_gradient(f, copy_of(x), step)
    if _takes_stacks(f, x):
        return differences(stacks(f, x, memory), x, step)
    rows = (copy_of(x[i, :]) for i in range(x.shape[0]))
    return xp.stack([numerical_gradient(f, row, step) for row in rows])


def _takes_stacks(f: Callable[[Array], Any], x: Array) -> bool:
    """Tell whether `f` answers a stack of rows with one number for each, that row's own."""
    xp, backend = namespace(x), backends.of(x)
    wide = xp.astype(x, backend.widest, copy=True)
    first, last = wide[:1, :], wide[-1:, :]
    rows = xp.concat([first] + [last] * x.shape[1], axis=0)  # D + 1 of them
    try:
        y = f(copy_of(rows))
        if not is_floating(y) or shape(y) != (rows.shape[0],):
            return False
        alone = [_alone(f, row) for row in (first, last)]
        within = [float(value) for value in (y[0, ...], y[-1, ...])]
    except Exception:  # f is one for single rows; an error of its own comes again there
        return False
    near = 64.0 * float(xp.finfo(y.dtype).eps)
    return all(abs(a - b) <= near * max(abs(a), abs(b)) for a, b in zip(alone, within, strict=True))


def _alone(f: Callable[[Array], Any], row: Array) -> float:
    """Return the value of `f` at a row of shape (1, D), given as such or as (D,)."""
    try:
        value = f(copy_of(row[0, :]))
        if not is_array(value) or value.ndim == 0:
            return float(value)
    except Exception:  # f takes stacks only
        value = None
    return float(f(copy_of(row))[0, ...])
