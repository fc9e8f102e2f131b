"""Curves of functions of one number."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from backprop import functions, numerical_diff
from backprop.plotting.axes import new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def activations(ax: "Axes | None" = None) -> "Axes":
    """Draw step, sigmoid, relu and tanh between -5 and 5 (section 3.2)."""
    ax = new_axes() if ax is None else ax
    x = np.linspace(-5.0, 5.0, 1001)
    styles = {"step": "--", "sigmoid": "-", "relu": "-.", "tanh": ":"}
    for name, style in styles.items():
        ax.plot(x, getattr(functions, name)(x), style, label=name)
    ax.set_ylim(-1.1, 2.1)
    _finish(ax, "activations", "x", "activation of x")
    ax.legend(loc="upper left")
    return ax


def negative_log(ax: "Axes | None" = None) -> "Axes":
    """Draw -log x for probabilities: the cross-entropy of a right answer (section 4.2.2)."""
    ax = new_axes() if ax is None else ax
    x = np.linspace(0.005, 1.0, 400)
    ax.plot(x, -np.log(x))
    ax.set_xlim(0, 1)
    ax.set_ylim(bottom=0)
    _finish(ax, "loss of the right answer: -log x", "probability x of the right answer", "-log x")
    return ax


def tangents(
    f: Callable[[Any], Any],
    at: Sequence[float],
    limits: tuple[float, float],
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw a function of one number, and its tangents by numerical differentiation (section 4.3).

    Parameters
    ----------
    f : callable
        Takes a number, or an array that it treats entry by entry.
    at : sequence of float
        Points where the tangents touch.
    limits : tuple of float
        Interval to draw.

    Raises
    ------
    ValueError
        When `limits` are not in order.
    """
    if not limits[0] < limits[1]:
        raise ValueError(f"`limits` must be (low, high), low < high; got {limits}")
    ax = new_axes() if ax is None else ax
    x = np.linspace(*limits, 401)
    ax.plot(x, f(x), label="f(x)")
    for i, point in enumerate(map(float, at), start=1):
        slope = numerical_diff(f, point)
        ax.plot(
            x,
            f(point) + slope * (x - point),
            "--",
            color=f"C{i}",
            label=f"slope {slope:.4g} at x = {point:g}",
        )
        ax.plot([point], [f(point)], "o", color=f"C{i}")
    ax.set_xlim(*limits)
    _finish(ax, "a function and its tangents", "x", "f(x)")
    ax.legend(loc="upper left")
    return ax


def _finish(ax: "Axes", title: str, x: str, y: str) -> None:
    ax.set_title(title)
    ax.set_xlabel(x)
    ax.set_ylabel(y)
    ax.grid(alpha=0.3)
