"""The chart of gradient times."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from backprop.bench.gradient_times import GradientTimes, exponent
from backprop.plotting import new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LABELS = {"loop": "numerical, loop", "fast": "numerical, fast", "backprop": "backprop"}


def time_chart(times: Sequence[GradientTimes], ax: "Axes | None" = None) -> "Axes":
    """Draw the time of a gradient over the number of parameters, log-log, with fitted exponents.

    Parameters
    ----------
    times : sequence of GradientTimes
        From `time_gradients`.
    ax : matplotlib.axes.Axes, optional
        Axes to draw into; those of a new figure if not given.

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = new_axes() if ax is None else ax
    parameters = [each.parameters for each in times]
    for method, name in _LABELS.items():
        seconds = [getattr(each, method) for each in times]
        label = f"{name}: ∝ parameters^{exponent(times, method):.2f}"
        ax.loglog(parameters, seconds, "o-", markersize=4, label=label)
    ax.set_xlabel("parameters")
    ax.set_ylabel("seconds a gradient")
    ax.grid(alpha=0.3, which="both")
    ax.legend(loc="upper left")
    return ax
