"""Functions of two numbers: decision boundaries, surfaces, gradients, and the way down."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from backends import Array
from backprop import numerical_gradient
from backprop.plotting.axes import new_axes, on_host
from backprop.plotting.grid import Floats, Limits, grid, points_of, values_on

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def decision_boundary(gate: Callable[[Floats, Floats], Array], ax: "Axes | None" = None) -> "Axes":
    """Draw where a gate of two inputs answers 1, and its four points (sections 2.3 to 2.5).

    Parameters
    ----------
    gate : callable
        Takes two arrays and answers 0 or 1 entry by entry: one of `backprop.perceptron`.

    Raises
    ------
    ValueError
        When `gate` does not answer entry by entry.
    """
    x1, x2 = grid((-0.5, 1.5), 401)
    answers = on_host(gate(x1, x2))
    if answers.shape != x1.shape:
        raise ValueError(
            f"`gate` must answer entry by entry, with shape {x1.shape}; got {answers.shape}"
        )
    ax = new_axes() if ax is None else ax
    ax.contourf(x1, x2, answers, levels=[-0.5, 0.5, 1.5], colors=["#f1f1f1", "#a8d5e5"])
    ax.contour(x1, x2, answers, levels=[0.5], colors="gray", linewidths=1)
    for value, marker, color in ((0, "o", "black"), (1, "^", "C3")):
        corners = [(a, b) for a in (0.0, 1.0) for b in (0.0, 1.0) if _answer(gate, a, b) == value]
        if corners:
            ax.plot(*zip(*corners, strict=True), marker, color=color, ms=9, label=f"{value}")
    ax.set_aspect("equal")
    ax.set_xticks([0, 1])
    ax.set_yticks([0, 1])
    ax.set_xlabel("x1")
    ax.set_ylabel("x2")
    ax.set_title(getattr(gate, "__name__", "decision boundary"))
    ax.legend(loc="upper right", fontsize=8, framealpha=1)
    return ax


def surface(
    f: Callable[[Floats], Any], limits: Limits = (-3.0, 3.0), ax: "Axes | None" = None
) -> "Axes":
    """Draw a function of two numbers as a surface over a square (section 4.3.3).

    Parameters
    ----------
    f : callable
        Takes an array of shape (2,) and returns a number, as for `numerical_gradient`.
    limits : tuple of float
        Interval of both inputs.
    ax : mpl_toolkits.mplot3d.axes3d.Axes3D, optional
        Axes with ``projection="3d"``.

    Raises
    ------
    ValueError
        When `ax` is flat, `limits` are not in order, or `f` returns no number.
    """
    if ax is not None and ax.name != "3d":
        raise ValueError(f"`ax` must have the projection '3d'; got {ax.name!r}")
    x0, x1 = grid(limits, 41)
    height = values_on(f, x0, x1)
    ax = new_axes("3d") if ax is None else ax
    solid: Any = ax  # with the methods of an Axes3D
    solid.plot_surface(x0, x1, height, cmap="viridis", rcount=41, ccount=41, linewidth=0)
    solid.set_xlabel("x0", labelpad=8)
    solid.set_ylabel("x1", labelpad=8)
    solid.set_zlabel("f(x)", labelpad=8)
    solid.set_title("a function of two numbers")
    solid.set_box_aspect(None, zoom=0.85)
    return ax


def gradient_field(
    f: Callable[[Floats], Any], limits: Limits = (-2.0, 2.0), ax: "Axes | None" = None
) -> "Axes":
    """Draw the negative gradient of a function of two numbers as arrows: the way down.

    Parameters
    ----------
    f : callable
        Takes an array of shape (2,) and returns a number, as for `numerical_gradient`
        (section 4.4).
    limits : tuple of float
        Interval of both inputs.

    Raises
    ------
    ValueError
        When `limits` are not in order, or `f` returns no number.
    """
    x0, x1 = grid(limits, 17)
    slopes = [numerical_gradient(f, point) for point in points_of(x0, x1)]
    down = -np.stack(slopes)
    ax = new_axes() if ax is None else ax
    ax.quiver(x0, x1, down[:, 0], down[:, 1], angles="xy", color="C0")
    _label(ax)
    ax.set_aspect("equal")
    ax.grid(alpha=0.3)
    ax.set_title("negative gradient")
    return ax


def descent_path(
    f: Callable[[Floats], Any],
    path: Array,
    limits: Limits | None = None,
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw the points that gradient descent went through, over contours (section 4.4.1).

    Parameters
    ----------
    f : callable
        Takes an array of shape (2,) and returns a number, as for `numerical_gradient`.
    path : array, shape (N, 2)
        Points in order; the first is the start.
    limits : tuple of float, optional
        Interval of both inputs; wide enough for the path and the origin if not given.

    Raises
    ------
    ValueError
        When `path` has another shape, `limits` are not in order, or `f` returns no number.
    """
    points = on_host(path)
    if points.ndim != 2 or points.shape[1] != 2 or len(points) == 0:
        raise ValueError(f"`path` must have shape (N, 2), N >= 1; got {points.shape}")
    if limits is None:
        reach = 1.15 * float(np.abs(points).max()) or 1.0
        limits = -reach, reach
    x0, x1 = grid(limits, 61)
    height = values_on(f, x0, x1)
    ax = new_axes() if ax is None else ax
    contours = ax.contour(x0, x1, height, levels=12, linewidths=0.8)
    figure = ax.get_figure()
    assert figure is not None
    figure.colorbar(contours, ax=ax, label="f(x)")
    ax.plot(points[:, 0], points[:, 1], "o-", color="C3", ms=4, linewidth=1, label="path")
    ax.plot(points[:1, 0], points[:1, 1], "o", color="black", ms=6, label="start")
    _label(ax)
    ax.set_aspect("equal")
    ax.set_title("gradient descent")
    ax.legend(loc="lower right", fontsize=8)
    return ax


def _answer(gate: Callable[..., Any], a: float, b: float) -> int:
    return int(on_host(gate(np.array(a), np.array(b))))


def _label(ax: "Axes") -> None:
    ax.set_xlabel("x0")
    ax.set_ylabel("x1")
