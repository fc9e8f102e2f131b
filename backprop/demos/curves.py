"""Curves side by side, for the programs that compare."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from backprop import SGD, Network, Trainer, plotting
from backprop.demos.settings import Settings

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


def overfitting(
    settings: Settings, networks: Mapping[str, Network], epochs: int, picture: str
) -> None:
    """Let networks learn 300 digits; print their last accuracies, keep and draw all by epoch."""
    (x, t), test = settings.digits()
    curves = {}
    for name, network in networks.items():
        what, value = name.split()
        history = Trainer(network, SGD(0.01), batch_size=100, seed=0).fit(
            (x[:300, :], t[:300]), test, epochs=epochs
        )
        curves[f"{name}, train"] = history.train_accuracy
        curves[f"{name}, test"] = history.test_accuracy
        train, right = history.train_accuracy[-1], history.test_accuracy[-1]
        print(f"{value:>{len(what)}} {train:7.3f} {right:6.3f}")

    settings.keep(curves, "accuracies.json")
    if settings.out:
        settings.save(draw(curves, "epoch", "accuracy"), picture)


def smooth(values: Sequence[float], window: int = 25) -> list[Any]:
    """Return the means of so many neighbors each."""
    window = min(window, len(values))
    sums = np.cumsum([0.0, *values])
    means: list[Any] = ((sums[window:] - sums[:-window]) / window).tolist()
    return means
