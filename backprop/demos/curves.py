"""Curves side by side, for the programs that compare."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from backprop import plotting

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw(curves: Mapping[str, Sequence[float]], x: str, y: str, ax: "Axes | None" = None) -> "Axes":
    """Draw curves by name, from 1 on; a name that ends in "test" is dashed, in the color before."""
    ax = plotting.new_axes() if ax is None else ax
    color = -1
    for name, values in curves.items():
        dashed = name.endswith("test")
        color += not dashed
        ax.plot(
            range(1, len(values) + 1),
            values,
            "--" if dashed else "-",
            color=f"C{color}",
            linewidth=1.5,
            label=name,
        )
    ax.set_xlabel(x)
    ax.set_ylabel(y)
    ax.grid(alpha=0.3)
    ax.legend(fontsize=8)
    return ax


def smooth(values: Sequence[float], window: int = 25) -> list[Any]:
    """Return the means of so many neighbors each."""
    window = min(window, len(values))
    sums = np.cumsum([0.0, *values])
    means: list[Any] = ((sums[window:] - sums[:-window]) / window).tolist()
    return means
