"""The fully connected layer (section 5.6)."""

import math
from typing import Any

import backends
from backends import Array, ArrayIn, namespace
from backprop.arrays import check_array, column_sums, shape
from backprop.layers.layer import (
    Layer,
    as_dtype,
    gradient_of,
    in_one_dtype,
    keeps,
    learnt,
    upstream,
)


class Affine(Layer):
    """x @ W + b for a batch: N samples, D inputs, M outputs.

    Parameters
    ----------
    W : array, shape (D, M)
        Weights. The array itself is kept, not a copy.
    b : array, shape (M,)
        Biases, of the same library, device and dtype.

    Raises
    ------
    TypeError
        When `W` is no array, or `W` and `b` differ in library, device or dtype.
    ValueError
        When the shapes don't fit.
    """

    def __init__(self, W: ArrayIn, b: ArrayIn) -> None:
        super().__init__()
        check_array("W", W)
        backends.of(W).require(b, "b")
        if W.ndim != 2:
            raise ValueError(f"`W` must have shape (D, M); got {shape(W)}")
        if b.shape != (W.shape[1],):
            raise ValueError(
                f"`b` must have shape ({W.shape[1]},), as W is {shape(W)}; got {shape(b)}"
            )
        if W.dtype != b.dtype:
            raise TypeError(f"`b` must have the dtype of W, {W.dtype}; got {b.dtype}")
        self.params = {"W": W, "b": b}

    W = learnt("W", "Weights, shape (D, M).")
    b = learnt("b", "Biases, shape (M,).")
    dW = gradient_of(  # noqa: N815 - the field's name
        "W", "Gradient of `W`, shape (D, M); None before `backward`."
    )
    db = gradient_of("b", "Gradient of `b`, shape (M,); None before `backward`.")

    def forward(self, x: Array) -> Array:
        """Return x @ W + b.

        Parameters
        ----------
        x : array, shape (N, D), (N, ...) with D entries a sample, or (D,) for one sample

        Returns
        -------
        array, shape (N, M), or (M,) for one sample
        """
        rows, W = self._factors(x)
        y = rows @ W
        y += self.params["b"]
        self.cache = x, rows, W
        return y if x.ndim > 1 else namespace(y).reshape(y, (-1,))

    def _factors(self, x: Array) -> tuple[Array, Array]:
        """Return `x` as (N, D), and W, in one dtype."""
        W = self.params["W"]
        xp = namespace(x, W)
        size = W.shape[0]
        if x.ndim == 0 or math.prod(x.shape[1:] if x.ndim > 1 else x.shape) != size:
            raise ValueError(f"`x` must have shape (N, {size}); got {shape(x)}")
        return in_one_dtype(x if x.ndim == 2 else xp.reshape(x, (-1, size)), W)

    def backward(self, dout: Any = 1) -> Array:
        """Return dx = dout @ W.T, in the shape of `x`; set dW and db."""
        x, rows, W = self.recall()
        dx = self._set_grads(dout, x, rows) @ W.T
        dx = dx if x.ndim == 2 else namespace(dx).reshape(dx, x.shape)
        return as_dtype(dx, x.dtype)

    def backward_params(self, dout: Any = 1) -> None:
        """Set dW = x.T @ dout, shape (D, M), and db = dout summed over the batch, shape (M,)."""
        if not keeps(self, Affine, "backward"):
            self.backward(dout)  # a subclass may do more than this knows of
            return
        x, rows, _ = self.recall()
        self._set_grads(dout, x, rows)

    def _set_grads(self, dout: Any, x: Array, rows: Array) -> Array:
        """Set the gradients and return `dout` as (N, M)."""
        W, b = self.params["W"], self.params["b"]
        xp = namespace(W)
        out = (x.shape[0], W.shape[1]) if x.ndim > 1 else (W.shape[1],)
        dout = upstream(dout, out, rows)
        if x.ndim == 1:
            dout = xp.reshape(dout, (1, -1))
        self.grads.clear()  # so that the new ones can take their place in memory
        # of one sample an outer product, which NumPy makes faster by broadcasting
        dW = rows.T @ dout if rows.shape[0] != 1 else rows.T * dout
        self.grads["W"] = as_dtype(dW, W.dtype)
        self.grads["b"] = as_dtype(column_sums(dout), b.dtype)
        return dout
