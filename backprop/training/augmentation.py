"""Pictures shifted and rotated at random while a network learns, so that it meets none twice."""

import math
from typing import Any

import backends
from backends import Array, isdtype, namespace
from backprop.arguments import at_least_0, wholes
from backprop.arrays import default_dtype, float_bits, shape


class Augment:
    """Shifts and rotates each picture of a batch by as much as a generator says.

    The few numbers of each picture are drawn on the host, the same on every backend, and the
    pictures are moved on their device. A rotated pixel is the mean of the four around the place
    that it comes from, by their distance; what comes from outside the picture is 0.

    Parameters
    ----------
    shift : int
        The most whole pixels up, down, left or right.
    rotate : float
        The most degrees either way, about the center.
    seed : int, optional
        Of what is drawn.
    size : tuple of int, optional
        (H, W), where pictures come as rows of H W pixels.

    Attributes
    ----------
    rng : numpy.random.Generator
        What draws. A trainer keeps its state in checkpoints.
    rows : (int, int) or None
        Where several processes share a batch: which of its pictures the first one here is, and
        how many it has. The moves are then those of these pictures in the whole batch.

    Raises
    ------
    ValueError
        When a number is negative or not finite, or `shift` is no whole one.

    Examples
    --------
    >>> import numpy as np
    >>> move = Augment(shift=1, seed=0)
    >>> move(np.eye(3)[None, None, :, :])
    array([[[[0., 0., 0.],
             [1., 0., 0.],
             [0., 1., 0.]]]])
    """

    def __init__(
        self,
        shift: int = 0,
        rotate: float = 0.0,
        seed: int | None = None,
        *,
        size: tuple[int, int] | None = None,
    ) -> None:
        self.shift, self.rotate = int(at_least_0("shift", shift)), at_least_0("rotate", rotate)
        if self.shift != shift:
            raise ValueError(f"`shift` must be a whole number of pixels; got {shift}")
        self.size = size
        if size is not None and len(wholes("size", size)) != 2:
            raise ValueError(f"`size` must be (H, W); got {size}")
        self.rng = backends.host().rng(seed)
        self.rows: tuple[int, int] | None = None

    def __repr__(self) -> str:
        size = "" if self.size is None else f", size={self.size}"
        return f"{type(self).__name__}(shift={self.shift}, rotate={self.rotate}{size})"

    def __call__(self, x: Array) -> Array:
        """Return moved pictures.

        Parameters
        ----------
        x : array, floating, shape (N, ..., H, W), or (N, H W) with `size`

        Returns
        -------
        array, in the shape of `x`

        Raises
        ------
        TypeError
            When `x` is not floating.
        ValueError
            When `x` has another shape.
        """
        xp, n = namespace(x), x.shape[0]
        if not isdtype(xp, x.dtype, "real floating"):
            raise TypeError(f"`x` must be real floating, to be moved; got {x.dtype}")
        height, width = self._size(x)
        pictures = xp.reshape(x, (n, -1, height * width))
        (rows, columns), exact = self._sources(x, height, width)
        top, left = xp.floor(rows), xp.floor(columns)
        if exact:
            return xp.reshape(_seen(pictures, top, left, height, width), x.shape)
        down, right = (xp.astype(each, x.dtype) for each in (rows - top, columns - left))
        moved = (
            (1.0 - down) * (1.0 - right) * _seen(pictures, top, left, height, width)
            + (1.0 - down) * right * _seen(pictures, top, left + 1.0, height, width)
            + down * (1.0 - right) * _seen(pictures, top + 1.0, left, height, width)
            + down * right * _seen(pictures, top + 1.0, left + 1.0, height, width)
        )
        return xp.reshape(moved, x.shape)

    def _size(self, x: Array) -> tuple[int, int]:
        """Return H and W."""
        if x.ndim == 2 and self.size is not None and math.prod(self.size) == x.shape[1]:
            return self.size
        if x.ndim > 2:
            return x.shape[-2], x.shape[-1]
        raise ValueError(
            f"`x` must have shape (N, ..., H, W), or (N, H W) with `size`; got {shape(x)} and "
            f"size {self.size}"
        )

    def _sources(self, x: Array, height: int, width: int) -> tuple[tuple[Array, Array], bool]:
        """Return where each pixel comes from, (N, 1, H W) twice, and if these are whole pixels."""
        xp, backend, n = namespace(x), backends.of(x), x.shape[0]
        wide = xp.float32 if float_bits(xp, x.dtype) < 32 else x.dtype  # for places of pixels
        first, of = self.rows or (0, n)
        here = slice(first, first + n)
        moves = self.rng.integers(-self.shift, self.shift, (2, of), endpoint=True)[:, here]
        angles = self.rng.uniform(-self.rotate, self.rotate, of)[here]
        dy, dx, angle = (
            xp.reshape(backend.asarray(drawn, wide), (n, 1, 1))
            for drawn in (*moves, angles * (math.pi / 180))
        )
        place = xp.arange(height * width, dtype=default_dtype(x, "integral"), device=backend.device)
        row, column = (xp.astype(each, wide) for each in (place // width, place % width))
        if self.rotate == 0:
            return (row - dy, column - dx), True
        middle_row, middle_column = (height - 1) / 2, (width - 1) / 2
        y, across = row - dy - middle_row, column - dx - middle_column
        sin, cos = xp.sin(angle), xp.cos(angle)
        return (cos * y + sin * across + middle_row, cos * across - sin * y + middle_column), False


def _seen(pictures: Array, rows: Array, columns: Array, height: int, width: int) -> Any:
    """Return the pixels at whole places (N, 1, H W) of pictures (N, C, H W); 0 outside."""
    xp, index = namespace(pictures), default_dtype(pictures, "indexing")
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    row, column = (
        xp.astype(xp.clip(place, 0, size - 1), index)
        for place, size in ((rows, height), (columns, width))
    )
    place = xp.broadcast_to(row * width + column, pictures.shape)
    return xp.where(inside, xp.take_along_axis(pictures, place, axis=2), 0.0)
