"""Exponential and logarithm of each entry."""

import math
from typing import Any

from backends import Array, namespace
from backprop.arrays import floating
from backprop.layers.layer import Layer, as_dtype, upstream


class ExpLayer(Layer):
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

    elementwise = True

    def forward(self, x: Array) -> Array:
        """Return exp(x), in the shape of `x`."""
        x = floating(x)
        self._cache = y = namespace(x).exp(x) if hasattr(x, "dtype") else math.exp(x)
        return y

    def backward(self, dout: Any = 1) -> Array:
        """Return dx = dout * y, from the output y."""
        y = self._recall()
        if not hasattr(y, "dtype"):
            return dout * y
        return as_dtype(upstream(dout, y.shape, y) * y, y.dtype)


class LogLayer(Layer):
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

    elementwise = True

    def forward(self, x: Array) -> Array:
        """Return log(x), in the shape of `x`."""
        self._cache = x = floating(x)
        return namespace(x).log(x) if hasattr(x, "dtype") else math.log(x)

    def backward(self, dout: Any = 1) -> Array:
        """Return dx = dout / x."""
        x = self._recall()
        if not hasattr(x, "dtype"):
            return dout / x
        return as_dtype(upstream(dout, x.shape, x) / x, x.dtype)
