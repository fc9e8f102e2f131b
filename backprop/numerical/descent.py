"""Gradient descent with numerical gradients (section 4.4.1)."""

from collections.abc import Callable
from typing import Any, Literal, overload

from backends import Array, namespace
from backprop.arguments import positive, whole
from backprop.arrays import check_array, copy_of
from backprop.numerical.differences import numerical_gradient


@overload
def gradient_descent(
    f: Callable[[Array], Any],
    init_x: Array,
    lr: float = ...,
    step_num: int = ...,
    step: float | None = ...,
    *,
    history: Literal[False] = ...,
) -> Array: ...


@overload
def gradient_descent(
    f: Callable[[Array], Any],
    init_x: Array,
    lr: float = ...,
    step_num: int = ...,
    step: float | None = ...,
    *,
    history: Literal[True],
) -> tuple[Array, Array]: ...


def gradient_descent(
    f: Callable[[Array], Any],
    init_x: Array,
    lr: float = 0.01,
    step_num: int = 100,
    step: float | None = None,
    *,
    history: bool = False,
) -> Array | tuple[Array, Array]:
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
    history : bool
        Return the way there too: a pair as in the book's `gradient_method.py`.

    Returns
    -------
    array, like `init_x`
        With `history`, also the points from which the steps went, shape (step_num, ...): the first
        is `init_x`.

    Raises
    ------
    TypeError, ValueError
        As `numerical_gradient` does, and when `lr` is not a positive number, or `step_num` no
        whole number of 0 or more.

    Examples
    --------
    >>> import numpy as np
    >>> x = gradient_descent(lambda x: np.sum(x**2), np.array([-3.0, 4.0]), 0.1, 100, step=1e-4)
    >>> [f"{v:.8e}" for v in x]
    ['-6.11110793e-10', '8.14814391e-10']
    """
    positive("lr", lr)
    count = whole("step_num", step_num, least=0)
    check_array("init_x", init_x)
    x = copy_of(init_x)
    way = []
    for _ in range(count):
        way.append(x)
        x = x - lr * numerical_gradient(f, x, step)
    if not history:
        return x
    xp = namespace(x)
    return x, xp.stack(way) if way else xp.reshape(x, (1, *x.shape))[:0, ...]
