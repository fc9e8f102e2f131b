"""The smallest layers: a product and a sum of two inputs (sections 5.4.1 and 5.4.2)."""

from typing import Any

from backends import Array, namespace
from backprop.layers.layer import Layer, as_dtype, upstream


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
        out = x * y
        self._cache = x, y, out
        return out

    def backward(self, dout: Any = 1) -> tuple[Array, Array]:
        """Return dx = dout * y and dy = dout * x, summed over broadcast axes."""
        x, y, out = self._recall()
        dout = _upstream(dout, out)
        return unbroadcast(dout * y, x), unbroadcast(dout * x, y)


class AddLayer(Layer):
    """Sum of two arrays or numbers, broadcast as the standard says."""

    def forward(self, x: Array, y: Array) -> Array:
        """Return x + y."""
        out = x + y
        self._cache = x, y, out
        return out

    def backward(self, dout: Any = 1) -> tuple[Array, Array]:
        """Return dx = dout and dy = dout, summed over broadcast axes."""
        x, y, out = self._recall()
        dout = _upstream(dout, out)
        return unbroadcast(dout * 1, x), unbroadcast(dout * 1, y)


def _upstream(dout: Any, out: Any) -> Any:
    return upstream(dout, out.shape, out) if hasattr(out, "shape") else dout


def unbroadcast(dx: Array, x: Array) -> Array:
    """Return `dx` summed over the axes along which `x` was broadcast: with the shape of `x`."""
    if not hasattr(dx, "shape"):
        return dx
    xp = namespace(dx)
    shape = getattr(x, "shape", ())
    added = dx.ndim - len(shape)
    if added:
        dx = xp.sum(dx, axis=tuple(range(added)))
    stretched = tuple(i for i, n in enumerate(shape) if n == 1 and dx.shape[i] != 1)
    if stretched:
        dx = xp.sum(dx, axis=stretched, keepdims=True)
    return as_dtype(dx, x) if hasattr(x, "dtype") else dx
