"""The smallest layers: a product, a sum, a difference, a quotient (sections 5.4.1 and 5.4.2)."""

from typing import Any

from backprop.arrays import floating_operand
from backprop.layers.binary import Binary


class MulLayer(Binary):
    """Product of two arrays or numbers, broadcast as the standard says.

    Examples
    --------
    >>> apples = MulLayer()
    >>> apples.forward(100, 2)
    200
    >>> apples.backward(1.1)
    (2.2, 110.00000000000001)
    """

    def value(self, x: Any, y: Any) -> tuple[Any, Any]:
        """Return x * y."""
        return x * y, (x, y)

    def slopes(self, kept: Any) -> tuple[Any, Any]:
        """Return y and x."""
        x, y = kept
        return y, x


class AddLayer(Binary):
    """Sum of two arrays or numbers, broadcast as the standard says."""

    def value(self, x: Any, y: Any) -> tuple[Any, None]:
        """Return x + y."""
        return x + y, None

    def slopes(self, _kept: None) -> tuple[int, int]:
        """Return 1 and 1."""
        return 1, 1


class SubLayer(Binary):
    """Difference of two arrays or numbers, broadcast as the standard says."""

    def value(self, x: Any, y: Any) -> tuple[Any, None]:
        """Return x - y."""
        return x - y, None

    def slopes(self, _kept: None) -> tuple[int, int]:
        """Return 1 and -1."""
        return 1, -1


class DivLayer(Binary):
    """Quotient of two arrays or numbers, broadcast as the standard says.

    Arrays of integers are divided in the library's default floating dtype.

    Examples
    --------
    >>> layer = DivLayer()
    >>> layer.forward(6, 2)
    3.0
    >>> layer.backward()
    (0.5, -1.5)
    """

    def value(self, x: Any, y: Any) -> tuple[Any, Any]:
        """Return x / y."""
        x, y = floating_operand(x), floating_operand(y)
        return x / y, (x, y)

    def slopes(self, kept: Any) -> tuple[Any, Any]:
        """Return 1 / y and -x / y²."""
        x, y = kept
        return 1.0 / y, -(x / y) / y
