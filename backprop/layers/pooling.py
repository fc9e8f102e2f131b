"""Pooling: one number for each window of a picture (section 7.3)."""

import math
from collections.abc import Iterator
from typing import Any

from backends import Array, device, namespace
from backprop.arrays import floating_array
from backprop.layers.layer import Layer, as_dtype, upstream
from backprop.windows import Window, check_pictures


class Pooling(Layer):
    """The largest number in each window, or the mean: N pictures, C channels, H x W pixels.

    Where several are the largest, the gradient goes to the first of them, by rows, as in the book.

    Parameters
    ----------
    pool_h, pool_w : int
        The window's size.
    stride : int
        The step between two windows.
    pad : int
        The border around a picture: less than the window, it never counts.
    mode : str
        ``"max"`` or ``"average"``.

    Raises
    ------
    ValueError
        When a number is out of range, or `mode` is neither.

    Examples
    --------
    >>> import numpy as np
    >>> layer = Pooling(2, 2, stride=2)
    >>> layer.forward(np.array([[[[1.0, 2.0], [4.0, 3.0]]]]))
    array([[[[4.]]]])
    >>> layer.backward()
    array([[[[0., 0.],
             [1., 0.]]]])
    """

    def __init__(
        self, pool_h: int, pool_w: int, stride: int = 1, pad: int = 0, mode: str = "max"
    ) -> None:
        super().__init__()
        self.window = Window(pool_h, pool_w, stride, pad)
        if self.window.pad >= min(self.window.height, self.window.width):
            raise ValueError(f"`pad` must be less than the window, {pool_h} x {pool_w}; got {pad}")
        if mode not in ("max", "average"):
            raise ValueError(f"`mode` must be 'max' or 'average'; got {mode!r}")
        self.mode = mode

    def config(self) -> dict[str, Any]:
        """Return the window and the mode."""
        window = self.window
        return {
            "pool_h": window.height,
            "pool_w": window.width,
            "stride": window.stride,
            "pad": window.pad,
            "mode": self.mode,
        }

    def forward(self, x: Array) -> Array:
        """Return the largest number, or the mean, of each window.

        Parameters
        ----------
        x : array, shape (N, C, H, W)

        Returns
        -------
        array, shape (N, C, OH, OW)
        """
        x = floating_array(x)
        check_pictures(x)
        xp, places = namespace(x), self.window.places(x.shape)
        largest = self.mode == "max"
        padded = self.window.padded(x, -math.inf if largest else 0.0)
        parts = (padded[where] for where in self.window.slices(*places))
        y = next(parts)
        for part in parts:
            y = xp.maximum(y, part) if largest else y + part
        if not largest:
            y = y / self._counts(x)
        self.cache = (x, padded, y) if largest else (x, None, None)
        return y + 0.0 if self.window.size == 1 else y  # no view of the input

    def _counts(self, x: Array) -> Array:
        """Return how many pixels of each window lie in the picture: a number, or (OH, OW)."""
        window = self.window
        if window.pad == 0:
            return float(window.size)
        rows, columns = (
            [
                sum(0 <= i * window.stride + k - window.pad < size for k in range(length))
                for i in range(count)
            ]
            for size, length, count in zip(
                x.shape[2:],
                (window.height, window.width),
                window.places(x.shape),
                strict=True,
            )
        )
        counts = [[float(a * b) for b in columns] for a in rows]
        return namespace(x).asarray(counts, dtype=x.dtype, device=device(x))

    def backward(self, dout: Any = 1) -> Array:
        """Return dx: `dout` where the first largest number stood, or its share of the mean."""
        x, padded, y = self.recall()
        places = self.window.places(x.shape)
        dout = upstream(dout, (*x.shape[:2], *places), x)
        if self.mode == "average":
            share = dout / self._counts(x)
            parts: Iterator[Array] = (share for _ in range(self.window.size))
        else:
            parts = self._to_largest(dout, padded, y, places)
        return as_dtype(self.window.spread_parts(parts, x.shape), x.dtype)

    def _to_largest(
        self, dout: Array, padded: Array, y: Array, places: tuple[int, int]
    ) -> Iterator[Array]:
        """Yield for each pixel of the window what it gets: `dout` if it is the first largest."""
        xp = namespace(dout)
        free: Any = None  # the windows whose largest number was not met yet
        for where in self.window.slices(*places):
            hit = padded[where] == y
            first = hit if free is None else hit & free
            yield dout * xp.astype(first, dout.dtype)
            free = ~hit if free is None else free & ~hit
