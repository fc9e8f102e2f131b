"""Powers, with gradients by the base and by the exponent."""

import math
from typing import Any

from backends import Array, namespace
from backprop.arrays import floating
from backprop.layers.broadcasting import check_inputs, joint_upstream, unbroadcast
from backprop.layers.layer import Layer


class PowLayer(Layer):
    """x to the power y, of two arrays or numbers, broadcast as the standard says.

    Arrays of integers are computed in the library's default floating dtype.

    Notes
    -----
    The gradient by the exponent, dout xʸ log x, takes no logarithm but of positive numbers, so
    (-3) ** 2 and its dx warn of nothing. Where x = 0 it is 0, the limit for y > 0; where x < 0
    there is none, as xʸ is no real number beside an integer y: it is nan.

    Examples
    --------
    >>> layer = PowLayer()
    >>> layer.forward(-3.0, 2)
    9.0
    >>> layer.backward()
    (-6.0, nan)
    """

    def forward(self, x: Array, y: Array) -> Array:
        """Return x ** y.

        Raises
        ------
        ValueError
            When a negative number is raised to a fraction; in an array that entry is nan.
        """
        check_inputs(x, y)
        x, y = floating(x), floating(y)
        z = x**y
        if isinstance(z, complex):
            raise ValueError(f"`x ** y` must be real; got {x} ** {y}")
        self._cache = x, y, z
        return z

    def backward(self, dout: Any = 1) -> tuple[Array, Array]:
        """Return dx = dout y xʸ⁻¹ and dy = dout xʸ log x, summed over broadcast axes."""
        x, y, z = self._recall()
        dout = joint_upstream(dout, x, y)
        dx = dout * (y * x ** (_one_for_zero(y) - 1))
        return unbroadcast(dx, x), unbroadcast(dout * (z * _log(x)), y)


def _one_for_zero(y: Any) -> Any:
    """Return `y` with 1 in place of 0: then y xʸ⁻¹ is 0 for y = 0, also at x = 0."""
    return namespace(y).where(y == 0, 1.0, y) if hasattr(y, "dtype") else y or 1


def _log(x: Any) -> Any:
    """Return log(x) where x > 0, 0 where it is 0, and nan elsewhere, without a warning."""
    if not hasattr(x, "dtype"):
        return math.log(x) if x > 0 else 0.0 if x == 0 else math.nan
    xp = namespace(x)
    return xp.where(x >= 0, xp.log(xp.where(x > 0, x, 1.0)), math.nan)
