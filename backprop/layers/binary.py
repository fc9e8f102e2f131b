"""Layers of two inputs: numbers or arrays, broadcast as the standard says."""

from itertools import zip_longest
from typing import Any

from backends import namespace
from backprop.arrays import is_array, wide_operand
from backprop.layers.layer import Layer, as_dtype, times, upstream


class Binary(Layer):
    """Base of the layers with two inputs that work entry by entry.

    Arrays of integers are computed in the library's default integer dtype, unless theirs is wider.

    A subclass gives its function, `value`, and under it the two derivatives, `slopes`.
    """

    def value(self, x: Any, y: Any) -> tuple[Any, Any]:
        """Return the function of `x` and `y`, and what `slopes` needs of them."""
        raise NotImplementedError(f"{type(self).__name__} must define value")

    def slopes(self, kept: Any) -> tuple[Any, Any]:
        """Return ∂z/∂x and ∂z/∂y from what `value` kept: numbers or arrays."""
        raise NotImplementedError(f"{type(self).__name__} must define slopes")

    def forward(self, x: Any, y: Any) -> Any:
        """Return the function of two arrays or numbers.

        Raises
        ------
        TypeError
            When both are arrays, but not of one library.
        """
        if is_array(x) and is_array(y):
            namespace(x, y)
        x, y = wide_operand(x), wide_operand(y)
        z, kept = self.value(x, y)
        self.cache = x, y, kept
        return z

    def backward(self, dout: Any = 1) -> tuple[Any, Any]:
        """Return dx and dy: `dout` times the slopes, summed over broadcast axes."""
        x, y, kept = self.recall()
        dout = _joint_upstream(dout, x, y)
        dx, dy = (times(dout, s) if is_array(s) else dout * s for s in self.slopes(kept))
        return _unbroadcast(dx, x), _unbroadcast(dy, y)


def _joint_upstream(dout: Any, x: Any, y: Any) -> Any:
    """Return `dout` in the shape of the output; a number if both inputs are numbers."""
    arrays = [v for v in (x, y) if is_array(v)]
    if not arrays:
        return dout
    shapes = [v.shape[::-1] for v in arrays]
    out = tuple(n if m == 1 else m for m, n in zip_longest(shapes[0], shapes[-1], fillvalue=1))
    return upstream(dout, out[::-1], arrays[0])


def _unbroadcast(dx: Any, x: Any) -> Any:
    """Return `dx` summed over the axes along which `x` was broadcast: with the shape of `x`."""
    if not is_array(dx):
        return dx
    xp = namespace(dx)
    shape = getattr(x, "shape", ())
    added = dx.ndim - len(shape)
    if added:
        dx = xp.sum(dx, axis=tuple(range(added)))
    stretched = tuple(i for i, n in enumerate(shape) if n == 1 and dx.shape[i] != 1)
    if stretched:
        dx = xp.sum(dx, axis=stretched, keepdims=True)
    return as_dtype(dx, x.dtype) if is_array(x) else dx
