"""Windows on pictures: what a filter sees at each place, as columns, and the transpose of that.

Shapes: N pictures, C channels, H x W pixels; windows of FH x FW pixels at OH x OW places. Windows
are taken by strided slices, one for each of their FH FW pixels, which every library has.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import array_api_extra as xpx

from backends import Array, device, namespace
from backends.libraries import library_of
from backprop.arguments import whole
from backprop.arrays import as_array, batch, shape


def conv_output_size(input_size: int, filter_size: int, stride: int = 1, pad: int = 0) -> int:
    """Return in how many places a filter fits along one axis (section 7.2.4).

    Raises
    ------
    TypeError
        When a number is no whole one.
    ValueError
        When it fits in none, or a number is out of range.

    Examples
    --------
    >>> conv_output_size(28, 5), conv_output_size(28, 3, stride=2, pad=1)
    (24, 14)
    """
    for name, value, least in (
        *(("input_size", input_size, 1), ("filter_size", filter_size, 1)),
        *(("stride", stride, 1), ("pad", pad, 0)),
    ):
        whole(name, value, least)
    return _places(input_size, filter_size, stride, pad)


def _places(input_size: int, filter_size: int, stride: int, pad: int) -> int:
    if filter_size > input_size + 2 * pad:
        raise ValueError(
            f"a window must fit into the picture; got {filter_size} pixels in {input_size} with "
            f"{pad} of padding on each side"
        )
    return (input_size + 2 * pad - filter_size) // stride + 1


@dataclass(frozen=True)
class Window:
    """The size of a window, the stride between two, and the padding around the picture.

    Raises
    ------
    TypeError
        When a number is no whole one.
    ValueError
        When it is out of range.
    """

    height: int
    width: int
    stride: int = 1
    pad: int = 0

    def __post_init__(self) -> None:
        for name, least in (("height", 1), ("width", 1), ("stride", 1), ("pad", 0)):
            object.__setattr__(self, name, whole(name, getattr(self, name), least))

    @property
    def size(self) -> int:
        """The number of pixels, FH FW."""
        return self.height * self.width

    def places(self, picture: tuple[int, ...]) -> tuple[int, int]:
        """Return OH and OW for a picture of shape (..., H, W)."""
        return (
            _places(picture[-2], self.height, self.stride, self.pad),
            _places(picture[-1], self.width, self.stride, self.pad),
        )

    def padded(self, x: Array, value: float = 0.0) -> Array:
        """Return pictures with a border of `value`."""
        if self.pad == 0:
            return x
        border = (self.pad, self.pad)
        return library_of(x).pad(x, ((0, 0), (0, 0), border, border), value)

    def slices(self, oh: int, ow: int) -> Iterator[tuple[Any, ...]]:
        """Yield for each pixel of the window where it lies in the padded pictures: OH x OW."""
        for i in range(self.height):
            rows = slice(i, i + self.stride * (oh - 1) + 1, self.stride)
            for j in range(self.width):
                columns = slice(j, j + self.stride * (ow - 1) + 1, self.stride)
                yield slice(None), slice(None), rows, columns

    def columns(self, x: Array) -> Array:
        """Return what the windows see: shape (N, C FH FW, OH OW) for pictures (N, C, H, W)."""
        xp, (oh, ow) = namespace(x), self.places(x.shape)
        x = self.padded(x)
        seen = xp.stack([x[part] for part in self.slices(oh, ow)], axis=2)
        return xp.reshape(seen, (batch(x), x.shape[1] * self.size, oh * ow))

    def spread(self, columns: Array, picture: tuple[int, ...]) -> Array:
        """Return the transpose of `columns`: each entry added to the pixel that it was seen at.

        Parameters
        ----------
        columns : array, shape (N, C FH FW, OH OW)
        picture : tuple of int
            (..., H, W).

        Returns
        -------
        array, shape (N, C, H, W)
        """
        oh, ow = self.places(picture)
        n, channels = columns.shape[0], columns.shape[1] // self.size
        seen = namespace(columns).reshape(columns, (n, channels, self.size, oh, ow))
        return self.spread_parts((seen[:, :, k, :, :] for k in range(self.size)), picture)

    def spread_parts(self, parts: Iterator[Array], picture: tuple[int, ...]) -> Array:
        """Return the same from an array (N, C, OH, OW) for each pixel of the window."""
        (oh, ow), (height, width), pad = self.places(picture), picture[-2:], self.pad
        out: Array = None
        for part, where in zip(parts, self.slices(oh, ow), strict=True):
            if out is None:
                padded = (*part.shape[:2], height + 2 * pad, width + 2 * pad)
                out = namespace(part).zeros(padded, dtype=part.dtype, device=device(part))
            out = xpx.at(out)[where].add(part)
        return out if pad == 0 else out[:, :, pad : pad + height, pad : pad + width]


def check_pictures(x: Array) -> None:
    """Raise a ValueError unless `x` has shape (N, C, H, W)."""
    if x.ndim != 4:
        raise ValueError(f"`x` must have shape (N, C, H, W); got {shape(x)}")


def im2col(input_data: Array, filter_h: int, filter_w: int, stride: int = 1, pad: int = 0) -> Array:
    """Return what a filter sees at each place, a row for each (section 7.4.3).

    Parameters
    ----------
    input_data : array, shape (N, C, H, W)
        Pictures.
    filter_h, filter_w, stride, pad : int
        FH, FW, the step between two places, and the zeros on each side.

    Returns
    -------
    array, shape (N OH OW, C FH FW), in the dtype of the pictures

    Raises
    ------
    ValueError
        When `input_data` has another number of axes, or the filter does not fit.

    Examples
    --------
    >>> import numpy as np
    >>> im2col(np.arange(9.0).reshape(1, 1, 3, 3), 2, 2)
    array([[0., 1., 3., 4.],
           [1., 2., 4., 5.],
           [3., 4., 6., 7.],
           [4., 5., 7., 8.]])
    """
    x = as_array(input_data)
    check_pictures(x)
    columns = Window(filter_h, filter_w, stride, pad).columns(x)
    xp = namespace(x)
    return xp.reshape(xp.permute_dims(columns, (0, 2, 1)), (-1, columns.shape[1]))


def col2im(
    col: Array,
    input_shape: tuple[int, int, int, int],
    filter_h: int,
    filter_w: int,
    stride: int = 1,
    pad: int = 0,
) -> Array:
    """Return the transpose of `im2col`, not its inverse: what is seen twice is added up.

    It carries the gradient by the rows back to the pictures, as each pixel goes into several rows:
    ``sum(im2col(x, ...) * col) == sum(x * col2im(col, x.shape, ...))``.

    Parameters
    ----------
    col : array, shape (N OH OW, C FH FW)
        Rows as those of `im2col`.
    input_shape : tuple of int
        (N, C, H, W).
    filter_h, filter_w, stride, pad : int
        As in `im2col`.

    Returns
    -------
    array, shape (N, C, H, W), in the dtype of the rows

    Raises
    ------
    ValueError
        When the shapes don't fit.

    Examples
    --------
    >>> import numpy as np
    >>> col2im(np.ones((4, 4)), (1, 1, 3, 3), 2, 2)[0, 0]
    array([[1., 2., 1.],
           [2., 4., 2.],
           [1., 2., 1.]])
    """
    col, window = as_array(col), Window(filter_h, filter_w, stride, pad)
    n, channels = input_shape[:2]
    oh, ow = window.places(input_shape)
    wanted = (n * oh * ow, channels * window.size)
    if tuple(col.shape) != wanted:
        raise ValueError(f"`col` must have shape {wanted} for {input_shape}; got {shape(col)}")
    xp = namespace(col)
    columns = xp.permute_dims(xp.reshape(col, (n, oh * ow, wanted[1])), (0, 2, 1))
    return window.spread(columns, input_shape)
