"""The smallest layers: a product and a sum of two inputs (sections 5.4.1 and 5.4.2)."""

from itertools import zip_longest
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
        _check_inputs(x, y)
        self._cache = x, y
        return x * y

    def backward(self, dout: Any = 1) -> tuple[Array, Array]:
        """Return dx = dout * y and dy = dout * x, summed over broadcast axes."""
        x, y = self._recall()
        dout = _upstream(dout, x, y)
        return unbroadcast(dout * y, x), unbroadcast(dout * x, y)


class AddLayer(Layer):
    """Sum of two arrays or numbers, broadcast as the standard says."""

    def forward(self, x: Array, y: Array) -> Array:
        """Return x + y."""
        _check_inputs(x, y)
        self._cache = x, y
        return x + y

    def backward(self, dout: Any = 1) -> tuple[Array, Array]:
        """Return dx = dout and dy = dout, summed over broadcast axes."""
        x, y = self._recall()
        dout = _upstream(dout, x, y)
        return unbroadcast(dout * 1, x), unbroadcast(dout * 1, y)


def _check_inputs(x: Any, y: Any) -> None:
    if hasattr(x, "dtype") and hasattr(y, "dtype"):
        namespace(x, y)


def _upstream(dout: Any, x: Any, y: Any) -> Any:
    """Return `dout` in the shape of the output; a number if both inputs are numbers."""
    arrays = [v for v in (x, y) if hasattr(v, "dtype")]
    if not arrays:
        return dout
    shapes = [v.shape[::-1] for v in arrays]
    out = tuple(n if m == 1 else m for m, n in zip_longest(shapes[0], shapes[-1], fillvalue=1))
    return upstream(dout, out[::-1], arrays[0])


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
    return as_dtype(dx, x.dtype) if hasattr(x, "dtype") else dx
