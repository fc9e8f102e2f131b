"""Figures and axes: made, written to files, and arrays brought to the host for them."""

import io
import os
from functools import partial
from typing import IO, TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

import backends
from backends.distribution import pip_install
from backprop.arrays import is_array

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def new_axes(projection: str | None = None, height: float = 4.0) -> "Axes":
    """Return the axes of a new figure.

    Parameters
    ----------
    projection : str, optional
        ``"3d"`` for a `surface`.
    height : float
        Height of the figure in inches; it is 6.4 wide.

    Raises
    ------
    ModuleNotFoundError
        When matplotlib is not installed.
    """
    return _shown(_figure(6.4, height).add_subplot(projection=projection))


def axes_grid(rows: int, columns: int) -> list["Axes"]:
    """Return the axes of a new figure, row by row, for several pictures in one file.

    Raises
    ------
    ModuleNotFoundError
        When matplotlib is not installed.
    """
    figure = _figure(3.2 * columns, 3.2 * rows)
    return [_shown(ax) for ax in figure.subplots(rows, columns, squeeze=False).flat]


def save(ax: "Axes", path: str | os.PathLike[str] | IO[bytes]) -> None:
    """Write the figure that `ax` is part of, in the format of the file's suffix, or PNG."""
    figure = ax.get_figure(root=True)
    assert figure is not None
    figure.savefig(path, bbox_inches="tight", pad_inches=0.1)


def on_host(x: Any) -> npt.NDArray[Any]:
    """Return an array of any backend, or a sequence of numbers, as a NumPy array."""
    host: npt.NDArray[Any] = backends.of(x).to_numpy(x) if is_array(x) else np.asarray(x)
    return host


def png(ax: "Axes") -> bytes:
    """Return the figure that `ax` is part of, as a picture."""
    file = io.BytesIO()
    save(ax, file)
    return file.getvalue()


def _shown(ax: Any) -> "Axes":
    """Return `ax`, which a notebook now shows."""
    ax._repr_png_ = partial(_sharp, ax)
    return cast("Axes", ax)


def _sharp(ax: "Axes") -> tuple[bytes, dict[str, int]]:
    """Return the picture, and the width to show it in: two thirds of its own, for sharp lines."""
    picture = png(ax)
    width = int.from_bytes(picture[16:20], "big")
    return picture, {"width": round(width / 1.5)}


def _figure(width: float, height: float) -> "Figure":
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ModuleNotFoundError:
        raise ModuleNotFoundError(f"pictures need matplotlib: {pip_install('plot')}") from None
    figure = Figure(figsize=(width, height), layout="constrained", dpi=150)
    FigureCanvasAgg(figure)
    return figure
