"""Pictures, with matplotlib: each function draws into `ax` and returns it, and never shows it."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from backprop.costs import Cost, exponent
from backprop.training import History

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def new_axes() -> "Axes":
    """Return the axes of a new figure.

    Raises
    ------
    ModuleNotFoundError
        When matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            "pictures need matplotlib: pip install 'backprop[plot]'"
        ) from None
    figure = Figure(figsize=(6.4, 4.0), layout="constrained", dpi=150)
    FigureCanvasAgg(figure)
    return figure.add_subplot()


def save(ax: "Axes", path: str | os.PathLike[str]) -> None:
    """Write the figure that `ax` is part of, in the format of the file's suffix."""
    figure = ax.get_figure(root=True)
    assert figure is not None
    figure.savefig(path)


def accuracy_curves(history: History, ax: "Axes | None" = None) -> "Axes":
    """Draw accuracy by epoch: training solid, test dashed (section 4.5.3).

    Parameters
    ----------
    history : History
        Of a training run.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = new_axes() if ax is None else ax
    marker = "o" if len(history.epoch) < 30 else None
    ax.plot(history.epoch, history.train_accuracy, marker=marker, markersize=4, label="train")
    if history.test_accuracy:
        ax.plot(
            history.epoch, history.test_accuracy, "--", marker=marker, markersize=4, label="test"
        )
    ax.set_xlabel("epoch")
    ax.set_ylabel("accuracy")
    ax.grid(alpha=0.3)
    ax.legend(loc="lower right")
    return ax


def cost_chart(costs: Sequence[Cost], ax: "Axes | None" = None) -> "Axes":
    """Draw the time of a gradient over the number of parameters, log-log, with fitted exponents.

    Parameters
    ----------
    costs : sequence of Cost
        From `backprop.costs.gradient_costs`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = new_axes() if ax is None else ax
    parameters = [cost.parameters for cost in costs]
    names = {"loop": "numerical, loop", "fast": "numerical, fast", "backprop": "backprop"}
    for way, name in names.items():
        label = f"{name}: ∝ parameters^{exponent(costs, way):.2f}"
        ax.loglog(parameters, [getattr(c, way) for c in costs], "o-", markersize=4, label=label)
    ax.set_xlabel("parameters")
    ax.set_ylabel("seconds a gradient")
    ax.grid(alpha=0.3, which="both")
    ax.legend(loc="upper left")
    return ax
