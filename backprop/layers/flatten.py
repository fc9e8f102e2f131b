"""Pictures as rows."""

from typing import Any

from backends import Array, namespace
from backprop.arrays import batch, floating_dtype_of, shape
from backprop.layers.layer import Layer, upstream


class Flatten(Layer):
    """Each sample as one row: (N, C, H, W) becomes (N, C H W).

    `Affine` does this by itself; other layers that want rows don't.
    """

    def forward(self, x: Array) -> Array:
        """Return `x` as (N, D), for `x` of shape (N, ...)."""
        if x.ndim < 2:
            raise ValueError(f"`x` must have shape (N, ...); got {shape(x)}")
        size = 1
        for length in x.shape[1:]:
            size *= length
        self.cache = tuple(x.shape), (x.shape[0], size), x[:0, ...]
        return namespace(x).reshape(x, (batch(x), size), copy=True)

    def backward(self, dout: Any = 1) -> Array:
        """Return `dout` in the shape of `x`."""
        before, after, like = self.recall()
        xp = namespace(like)
        dx = xp.reshape(upstream(dout, after, like), before)
        return xp.astype(dx, floating_dtype_of(like), copy=False)
