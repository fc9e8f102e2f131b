"""The smallest layers: a product, a sum, a difference, a quotient (sections 5.4.1 and 5.4.2)."""

from typing import Any

from backends import Array
from backprop.arrays import floating
from backprop.layers.broadcasting import check_inputs, factor, joint_upstream, unbroadcast
from backprop.layers.layer import Layer


class MulLayer(Layer):
    """Product of two arrays or numbers, broadcast as the standard says.

    Examples
    --------
    >>> apples = MulLayer()
    >>> apples.forward(100, 2)
    200
    >>> apples.backward(1.1)
    (2.2, 110.00000000000001)
    """

    def forward(self, x: Array, y: Array) -> Array:
        """Return x * y."""
        check_inputs(x, y)
        self._cache = x, y
        return x * y

    def backward(self, dout: Any = 1) -> tuple[Array, Array]:
        """Return dx = dout * y and dy = dout * x, summed over broadcast axes."""
        x, y = self._recall()
        dout = joint_upstream(dout, x, y)
        return unbroadcast(dout * factor(y, dout), x), unbroadcast(dout * factor(x, dout), y)


class AddLayer(Layer):
    """Sum of two arrays or numbers, broadcast as the standard says."""

    def forward(self, x: Array, y: Array) -> Array:
        """Return x + y."""
        check_inputs(x, y)
        self._cache = x, y
        return x + y

    def backward(self, dout: Any = 1) -> tuple[Array, Array]:
        """Return dx = dout and dy = dout, summed over broadcast axes."""
        x, y = self._recall()
        dout = joint_upstream(dout, x, y)
        return unbroadcast(dout * 1, x), unbroadcast(dout * 1, y)


class SubLayer(Layer):
    """Difference of two arrays or numbers, broadcast as the standard says."""

    def forward(self, x: Array, y: Array) -> Array:
        """Return x - y."""
        check_inputs(x, y)
        self._cache = x, y
        return x - y

    def backward(self, dout: Any = 1) -> tuple[Array, Array]:
        """Return dx = dout and dy = -dout, summed over broadcast axes."""
        x, y = self._recall()
        dout = joint_upstream(dout, x, y)
        return unbroadcast(dout * 1, x), unbroadcast(-dout, y)


class DivLayer(Layer):
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

    def forward(self, x: Array, y: Array) -> Array:
        """Return x / y."""
        check_inputs(x, y)
        x, y = floating(x), floating(y)
        self._cache = x, y
        return x / y

    def backward(self, dout: Any = 1) -> tuple[Array, Array]:
        """Return dx = dout / y and dy = -dout x / y², summed over broadcast axes."""
        x, y = self._recall()
        dx = joint_upstream(dout, x, y) / y
        return unbroadcast(dx, x), unbroadcast(-dx * (x / y), y)
