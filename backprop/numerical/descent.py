"""Gradient descent with numerical gradients (section 4.4.1)."""

from collections.abc import Callable
from typing import Any

from backends import Array
from backprop.arrays import copy_of
from backprop.numerical.differences import numerical_gradient


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

    Raises
    ------
    TypeError, ValueError
        As `numerical_gradient` does.

    Examples
    --------
    >>> import numpy as np
    >>> x = gradient_descent(lambda x: np.sum(x**2), np.array([-3.0, 4.0]), 0.1, 100, step=1e-4)
    >>> [f"{v:.8e}" for v in x]
    ['-6.11110793e-10', '8.14814391e-10']
    """
    x = copy_of(init_x)
    for _ in range(step_num):
        x = x - lr * numerical_gradient(f, x, step)
    return x
