"""Exponential and logarithm of each entry."""

import math
from typing import Any

from backends import namespace
from backprop.arrays import floating_operand, is_array
from backprop.layers.elementwise import Elementwise


class ExpLayer(Elementwise):
    """e to the power x, for an array or a number.

    Arrays of integers are computed in the library's default floating dtype.

    Examples
    --------
    >>> layer = ExpLayer()
    >>> layer.forward(0)
    1.0
    >>> layer.backward(3)
    3.0
    """

    def value(self, x: Any) -> tuple[Any, Any]:
        """Return y = exp(x)."""
        x = floating_operand(x)
        y = namespace(x).exp(x) if is_array(x) else math.exp(x)
        return y, y

    def slope(self, y: Any) -> Any:
        """Return y."""
        return y


class LogLayer(Elementwise):
    """The natural logarithm of an array or a number.

    Arrays of integers are computed in the library's default floating dtype.

    Examples
    --------
    >>> layer = LogLayer()
    >>> layer.forward(1)
    0.0
    >>> layer.backward(3)
    3.0
    """

    def value(self, x: Any) -> tuple[Any, Any]:
        """Return log(x)."""
        x = floating_operand(x)
        return (namespace(x).log(x) if is_array(x) else math.log(x)), x

    def slope(self, x: Any) -> Any:
        """Return 1 / x."""
        return 1.0 / x
