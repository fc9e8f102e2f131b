"""Convolution of pictures with filters (sections 7.2 and 7.4)."""

from collections.abc import Iterator
from typing import Any

import backends
from backends import Array, ArrayIn, device, namespace
from backprop.arrays import batch, check_array, float_bits, floating_array, shape
from backprop.layers.layer import (
    Layer,
    as_dtype,
    gradient_of,
    in_one_dtype,
    keeps,
    learnt,
    upstream,
)
from backprop.windows import Window, check_pictures

_HOST_MEMORY = 1 << 21  # what a processor's cache holds of the columns
_DEVICE_MEMORY = 1 << 28


class Convolution(Layer):
    """A filter over all places of a picture: N pictures, C channels, F filters of FH x FW.

    y[n, f] = b[f] + Σ W[f, c, i, j] x[n, c, s OH + i, s OW + j], as one product of matrices, W
    by the columns that its windows see. The columns are made for a few pictures at a time, and
    anew in `backward`: they are FH FW times as large as the pictures, and are not kept.

    Parameters
    ----------
    W : array, shape (F, C, FH, FW)
        Filters. The array itself is kept, not a copy.
    b : array, shape (F,)
        Biases, of the same library, device and dtype.
    stride : int
        The step between two places.
    pad : int
        The zeros around a picture.

    Raises
    ------
    TypeError
        When `W` is no array, or `W` and `b` differ in library, device or dtype.
    ValueError
        When the shapes don't fit, or `stride` or `pad` is out of range.
    """

    def __init__(self, W: ArrayIn, b: ArrayIn, stride: int = 1, pad: int = 0) -> None:
        super().__init__()
        check_array("W", W)
        backends.of(W).require(b, "b", W.dtype)
        if W.ndim != 4:
            raise ValueError(f"`W` must have shape (F, C, FH, FW); got {shape(W)}")
        if b.shape != (W.shape[0],):
            raise ValueError(
                f"`b` must have shape ({W.shape[0]},), as W is {shape(W)}; got {shape(b)}"
            )
        self.params = {"W": W, "b": b}
        self.window = Window(W.shape[2], W.shape[3], stride, pad)

    W = learnt("W", "Filters, shape (F, C, FH, FW).")
    b = learnt("b", "Biases, shape (F,).")
    dW = gradient_of(  # noqa: N815 - the field's name
        "W", "Gradient of `W`, shape (F, C, FH, FW); None before `backward`."
    )
    db = gradient_of("b", "Gradient of `b`, shape (F,); None before `backward`.")

    @property
    def stride(self) -> int:
        """The step between two places."""
        return self.window.stride

    @property
    def pad(self) -> int:
        """The zeros around a picture."""
        return self.window.pad

    def config(self) -> dict[str, Any]:
        """Return stride and padding."""
        return {"stride": self.stride, "pad": self.pad}

    def forward(self, x: Array) -> Array:
        """Return W @ columns(x) + b.

        Parameters
        ----------
        x : array, shape (N, C, H, W)

        Returns
        -------
        array, shape (N, F, OH, OW)
        """
        x, rows = self._factors(x)
        xp, (oh, ow) = namespace(x), self.window.places(x.shape)
        b = self.params["b"][:, None]
        made = []
        for part in self._parts(x):
            y = rows @ self.window.columns(x[part, ...])
            y += b
            made.append(y)
        y = made[0] if len(made) == 1 else xp.concat(made)
        self.cache = x, rows
        return xp.reshape(y, (batch(x), rows.shape[0], oh, ow))

    def _factors(self, x: Array) -> tuple[Array, Array]:
        """Return `x`, and W as (F, C FH FW), in one dtype."""
        W = self.params["W"]
        xp = namespace(x, W)
        check_pictures(x)
        if x.shape[1] != W.shape[1]:
            raise ValueError(f"`x` must have {W.shape[1]} channels, (N, C, H, W); got {shape(x)}")
        x, rows = in_one_dtype(x, xp.reshape(W, (W.shape[0], -1)))
        return floating_array(x), floating_array(rows)

    def _parts(self, x: Array) -> Iterator[slice]:
        """Yield which pictures to take at a time, to stay within a memory for their columns."""
        if x.shape[0] is None:
            yield slice(None)
            return
        oh, ow = self.window.places(x.shape)
        itemsize = float_bits(namespace(x), x.dtype) // 8
        each = x.shape[1] * self.window.size * oh * ow * itemsize
        on_host = device(x) is not None and backends.is_host(x)  # a traced array is nowhere
        count = max(1, (_HOST_MEMORY if on_host else _DEVICE_MEMORY) // max(1, each))
        for start in range(0, max(1, x.shape[0]), count):
            yield slice(start, min(start + count, x.shape[0]))

    def backward(self, dout: Any = 1) -> Array:
        """Return dx = spread(W.T @ dout), in the shape of `x`; set dW and db.

        `spread` is the transpose of the windows: each column's gradient goes to the pixels that
        the column was seen at.
        """
        x, rows = self.recall()
        dout = self._upstream(dout, x)
        xp, made = namespace(x), []
        for part in self._parts(x):
            made.append(self.window.spread(rows.T @ dout[part, ...], x.shape))
        self._set_grads(dout, x)
        dx = made[0] if len(made) == 1 else xp.concat(made, axis=0)
        return as_dtype(dx, x.dtype)

    def backward_params(self, dout: Any = 1) -> None:
        """Set dW = Σ dout @ columns(x).T over the pictures, and db = Σ dout over all places."""
        if not keeps(self, Convolution, "backward"):
            self.backward(dout)  # a subclass may do more than this knows of
            return
        x, _ = self.recall()
        self._set_grads(self._upstream(dout, x), x)

    def _upstream(self, dout: Any, x: Array) -> Array:
        """Return `dout` as (N, F, OH OW)."""
        oh, ow = self.window.places(x.shape)
        filters = self.params["b"].shape[0]
        dout = upstream(dout, (x.shape[0], filters, oh, ow), x)
        return namespace(x).reshape(dout, (x.shape[0], filters, oh * ow))

    def _set_grads(self, dout: Array, x: Array) -> None:
        W, b = self.params["W"], self.params["b"]
        xp = namespace(x)
        self.grads.clear()  # so that the new ones can take their place in memory
        total: Any = None
        for part in self._parts(x):
            columns = self.window.columns(x[part, ...])
            own = xp.sum(dout[part, ...] @ xp.matrix_transpose(columns), axis=0)
            total = own if total is None else total + own
        self.grads["W"] = as_dtype(xp.reshape(total, W.shape), W.dtype)
        self.grads["b"] = as_dtype(xp.sum(dout, axis=(0, 2)), b.dtype)
