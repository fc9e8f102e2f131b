"""Logic gates as perceptrons: an affine function and a step (sections 2.3 to 2.5).

A gate takes numbers, and returns 0 or 1; or arrays of any library, and answers entry by entry.
"""

from numbers import Real
from typing import Any

from backends import namespace
from backprop import functions
from backprop.arrays import as_array, floating_array

__all__ = ["AND", "NAND", "OR", "XOR"]


def AND(x1: Any, x2: Any) -> Any:
    """Return 1 where both inputs are 1: step(0.5 x1 + 0.5 x2 - 0.7).

    Parameters
    ----------
    x1, x2 : number or array
        0 or 1. Arrays are broadcast, and must be of one library and device.

    Returns
    -------
    int or array
        An array in the inputs' dtype and on their device; an int if both inputs are numbers.

    Examples
    --------
    >>> AND(1, 1), AND(1, 0)
    (1, 0)
    >>> import numpy as np
    >>> AND(np.array([[0.0], [1.0]]), np.array([0.0, 1.0]))
    array([[0., 0.],
           [0., 1.]])
    """
    return _perceptron(x1, x2, 0.5, 0.5, -0.7)


def NAND(x1: Any, x2: Any) -> Any:
    """Return 0 where both inputs are 1: the weights and bias of `AND`, negated."""
    return _perceptron(x1, x2, -0.5, -0.5, 0.7)


def OR(x1: Any, x2: Any) -> Any:
    """Return 1 where one input or both are 1: `AND` with the bias -0.2."""
    return _perceptron(x1, x2, 0.5, 0.5, -0.2)


def XOR(x1: Any, x2: Any) -> Any:
    """Return 1 where the inputs differ: two layers, as no line parts these (section 2.5).

    Examples
    --------
    >>> [XOR(x1, x2) for x1 in (0, 1) for x2 in (0, 1)]
    [0, 1, 1, 0]
    """
    return AND(NAND(x1, x2), OR(x1, x2))


def _perceptron(x1: Any, x2: Any, w1: float, w2: float, b: float) -> Any:
    """Return step(w1 x1 + w2 x2 + b)."""
    if _is_number(x1) and _is_number(x2):
        return int(w1 * x1 + w2 * x2 + b > 0)
    inputs = [x if _is_number(x) else as_array(x) for x in (x1, x2)]
    arrays = [x for x in inputs if not _is_number(x)]
    xp = namespace(*arrays)
    x1, x2 = (x if _is_number(x) else floating_array(x) for x in inputs)
    return xp.astype(functions.step(w1 * x1 + w2 * x2 + b), xp.result_type(*arrays))


def _is_number(x: Any) -> bool:
    return isinstance(x, Real)
