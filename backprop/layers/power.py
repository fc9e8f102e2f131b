"""Powers, with gradients with respect to base and exponent."""

import math
from typing import Any

from backends import namespace
from backprop.arrays import floating_operand, is_array
from backprop.layers.binary import Binary


class PowLayer(Binary):
    """x to the power y, of two arrays or numbers, broadcast as the standard says.

    Arrays of integers are computed in the library's default floating dtype. A negative number to
    the power of a fraction is a ValueError; in an array that entry is nan.

    Notes
    -----
    The logarithm in the gradient of the exponent, dout xʸ log x, is taken of positive x only, so
    that (-3) ** 2 raises no warning. Where x = 0 that gradient is 0, the limit for y > 0; where
    x < 0 there is none, as xʸ is no real number beside an integer y: it is nan.

    Examples
    --------
    >>> layer = PowLayer()
    >>> layer.forward(-3.0, 2)
    9.0
    >>> layer.backward()
    (-6.0, nan)
    """

    def value(self, x: Any, y: Any) -> tuple[Any, Any]:
        """Return z = xʸ."""
        x, y = floating_operand(x), floating_operand(y)
        z = x**y
        if isinstance(z, complex):
            raise ValueError(f"`x ** y` must be real; got {x} ** {y}")
        return z, (x, y, z)

    def slopes(self, kept: Any) -> tuple[Any, Any]:
        """Return y xʸ⁻¹ and z log x."""
        x, y, z = kept
        return y * x ** (_one_for_zero(y) - 1), z * _log(x)


def _one_for_zero(y: Any) -> Any:
    """Return `y` with 1 in place of 0: then y xʸ⁻¹ is 0 for y = 0, also at x = 0."""
    return namespace(y).where(y == 0, 1.0, y) if is_array(y) else y or 1


def _log(x: Any) -> Any:
    """Return log(x) where x > 0, 0 where it is 0, and nan elsewhere, without a warning."""
    if not is_array(x):
        return math.log(x) if x > 0 else 0.0 if x == 0 else math.nan
    xp = namespace(x)
    return xp.where(x >= 0, xp.log(xp.where(x > 0, x, 1.0)), math.nan)
