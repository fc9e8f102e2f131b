"""Checks of numbers given as arguments: an error names the argument."""

import math
import numbers
import operator
from typing import Any


def whole(name: str, value: Any) -> int:
    """Return a whole number of 1 or more.

    Raises
    ------
    TypeError
        When `value` is no integer, of Python or NumPy.
    ValueError
        When it is less than 1.
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"`{name}` must be a whole number; got {value!r}")
    number = operator.index(value)
    if number < 1:
        raise ValueError(f"`{name}` must be 1 or more; got {number}")
    return number


def positive(name: str, value: Any) -> Any:
    """Return a number that is positive and finite.

    Raises
    ------
    TypeError
        When `value` is no real number.
    ValueError
        When it is not positive and finite.
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"`{name}` must be a number; got {value!r}")
    if not (float(value) > 0 and math.isfinite(value)):
        raise ValueError(f"`{name}` must be positive and finite; got {value}")
    return value


def at_least_0(name: str, value: float) -> float:
    """Return a number as a float.

    Raises
    ------
    ValueError
        When it is negative or not finite.
    """
    if not 0 <= value < float("inf"):
        raise ValueError(f"`{name}` must be finite and 0 or more; got {value}")
    return float(value)


def a_share(name: str, value: float) -> float:
    """Return a number as a float.

    Raises
    ------
    ValueError
        When it is not in [0, 1).
    """
    if not 0 <= value < 1:
        raise ValueError(f"`{name}` must be in [0, 1); got {value}")
    return float(value)
