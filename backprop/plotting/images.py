"""Images: digits with their predictions, weights of neurons, and the confusion matrix."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from backends import Array
from backprop.plotting.axes import new_axes, on_host

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WRONG = "#c1121f"
_GAP = 0.15  # between images, as a share of an image's height
_CAPTION = 0.4  # the same where a caption stands above each image


def digits(
    images: Array,
    t: Array | None = None,
    predicted: Array | None = None,
    ax: "Axes | None" = None,
    *,
    columns: int = 10,
) -> "Axes":
    """Draw images in a grid, under their label and prediction; wrong ones in red, with a frame.

    Parameters
    ----------
    images : array, shape (N, D) with a square D, or (N, H, W), or (N, 1, H, W)
        Pixels; 0 is black, and the largest value, or 1 if that is larger, is white.
    t, predicted : array, integer, shape (N,), optional
        Labels and predictions.
    columns : int
        Images in a row.

    Raises
    ------
    ValueError
        When shapes don't fit.
    """
    pictures = _pictures(on_host(images), "images", "(N, D), D a square, (N, H, W) or (N, 1, H, W)")
    known = [None if x is None else on_host(x) for x in (t, predicted)]
    for name, x in zip(("t", "predicted"), known, strict=True):
        if x is not None and x.shape != pictures.shape[:1]:
            raise ValueError(f"`{name}` must have shape ({len(pictures)},); got {x.shape}")
    captions = [" → ".join(str(v[i]) for v in known if v is not None) for i in range(len(pictures))]
    ax = _mosaic(
        ax,
        pictures,
        columns,
        _CAPTION if captions[0] else _GAP,
        cmap="gray",
        vmin=0,
        vmax=max(1, float(pictures.max())),
    )
    for i, image in enumerate(ax.images[-len(pictures) :]):
        left, right, _, top = image.get_extent()
        wrong = len({int(v[i]) for v in known if v is not None}) > 1
        ax.text(
            (left + right) / 2,
            top - 0.05,
            captions[i],
            ha="center",
            va="bottom",
            fontsize=8,
            color=_WRONG if wrong else "black",
        )
        if wrong:
            _frame(ax, image)
    if t is not None and predicted is not None:
        ax.set_title("label → prediction", fontsize=10)
    return ax


def weights(
    W: Array,
    ax: "Axes | None" = None,
    *,
    columns: int = 10,
    size: tuple[int, int] | None = None,
) -> "Axes":
    """Draw what each hidden neuron looks for: its first-layer weights as an image.

    Parameters
    ----------
    W : array, shape (D, M)
        Weights of M neurons; in the picture red is positive, blue negative, white 0.
    columns : int
        Images in a row.
    size : tuple of int, optional
        Rows and columns of an image; a square if not given.

    Raises
    ------
    ValueError
        When shapes don't fit.
    """
    host = on_host(W)
    if host.ndim != 2:
        raise ValueError(f"`W` must have shape (D, M); got {host.shape}")
    rows = host.T
    if size is not None:
        if math.prod(size) != rows.shape[1]:
            raise ValueError(f"`size` must be of {rows.shape[1]} pixels, as W's rows; got {size}")
        rows = rows.reshape(-1, *size)
    pictures = _pictures(rows, "W", "(D, M), D a square unless `size` is given")
    largest = float(np.abs(pictures).max()) or 1.0
    ax = _mosaic(ax, pictures, columns, _GAP, cmap="RdBu_r", vmin=-largest, vmax=largest)
    figure = ax.get_figure()
    assert figure is not None
    figure.colorbar(ax.images[-1], ax=ax, label="weight", shrink=0.8)
    ax.set_title("weights of the first layer, an image for each hidden neuron", fontsize=10)
    return ax


def confusion_matrix(matrix: Array, ax: "Axes | None" = None) -> "Axes":
    """Draw how often class i was predicted as class j.

    Parameters
    ----------
    matrix : array, shape (C, C)
        From `backprop.metrics.confusion_matrix`. A cell is as dark as its share of its row.

    Raises
    ------
    ValueError
        When the matrix is not square.
    """
    counts = on_host(matrix)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or 0 in counts.shape:
        raise ValueError(f"`matrix` must have shape (C, C); got {counts.shape}")
    ax = new_axes() if ax is None else ax
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    image = ax.imshow(share, cmap="Blues", vmin=0, vmax=1)
    classes = range(len(counts))
    for i in classes:
        for j in classes:
            if counts[i, j]:
                color = "white" if share[i, j] > 0.5 else "black"
                ax.text(
                    j, i, f"{counts[i, j]:.0f}", ha="center", va="center", color=color, fontsize=7
                )
    ax.set_xticks(classes)
    ax.set_yticks(classes)
    ax.set_xlabel("prediction")
    ax.set_ylabel("label")
    ax.set_title("confusion matrix")
    figure = ax.get_figure()
    assert figure is not None
    figure.colorbar(image, ax=ax, label="share of the label's row")
    return ax


def _pictures(x: npt.NDArray[Any], name: str, requirement: str) -> npt.NDArray[Any]:
    """Return images as (N, H, W)."""
    side = math.isqrt(x.shape[1]) if x.ndim == 2 else 0
    if x.ndim == 2 and side * side == x.shape[1]:
        x = x.reshape(-1, side, side)
    elif x.ndim == 4 and x.shape[1] == 1:
        x = x[:, 0]
    if x.ndim != 3 or 0 in x.shape:
        raise ValueError(f"`{name}` must have shape {requirement}, with 1 or more; got {x.shape}")
    return x


def _mosaic(
    ax: "Axes | None", pictures: npt.NDArray[Any], columns: int, gap: float, **colors: Any
) -> "Axes":
    """Draw images of height 1 in rows, with a gap above each."""
    if columns < 1:
        raise ValueError(f"`columns` must be 1 or more; got {columns}")
    columns = min(columns, len(pictures))
    width = pictures.shape[2] / pictures.shape[1]
    across = _GAP + columns * (width + _GAP)
    down = _GAP + math.ceil(len(pictures) / columns) * (1 + gap)
    ax = new_axes(height=min(9.0, 0.5 + 6.2 * down / across)) if ax is None else ax
    for i, picture in enumerate(pictures):
        x, y = (i % columns) * (width + _GAP), (i // columns) * (1 + gap)
        ax.imshow(picture, extent=(x, x + width, y + 1, y), **colors)
    ax.set_xlim(-_GAP, across - _GAP)
    ax.set_ylim(down - gap, -gap)
    ax.set_axis_off()
    return ax


def _frame(ax: "Axes", image: Any) -> None:
    from matplotlib.patches import Rectangle

    left, right, bottom, top = image.get_extent()
    frame = Rectangle(
        (left, top), right - left, bottom - top, fill=False, edgecolor=_WRONG, linewidth=2
    )
    ax.add_patch(frame)
