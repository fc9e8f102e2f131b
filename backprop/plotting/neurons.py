"""Networks as circles of neurons, with the weight of each connection."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from backends import Array
from backprop.networks import Network
from backprop.plotting.axes import new_axes
from backprop.plotting.connections import (
    Circle,
    Connection,
    circles_of,
    connections_of,
    layers_of,
    text_of,
)
from backprop.plotting.grid import Floats
from backprop.plotting.wiring import RADIUS, Wires, heights, lay_out

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NAME_SIZE, WEIGHT_SIZE, MARGIN = 11.0, 8.5, 6.0
LINE, FILLED = "#444444", {"neuron": "#eef3fb", "bias": "#dddddd"}


def neurons(
    network: Network | Mapping[str, Array] | Sequence[int],
    names: Sequence[Sequence[str]] | None = None,
    *,
    weights: str | None = None,
    biases: bool | None = None,
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw neurons as circles, layer by layer, and their connections (sections 2.5 and 3.4).

    Of a layer of more than ten neurons, the first three and the last are drawn.

    Parameters
    ----------
    network : Network, mapping of str to array, or sequence of int
        A network of Affine layers; its parameters `W1`, `b1`, ...; or the number of neurons in
        each layer, the inputs first.
    names : sequence of sequence of str, optional
        What stands in the circles of each layer; a text such as ``"$x_1$"`` is set as a formula.
        If not given, the inputs are x, the outputs y, and what lies between is z.
    weights : str, optional
        What stands on the connections: ``"names"`` as the book has them, whose indices are the
        neuron that a connection leads to and the one it comes from; or ``"values"``.
    biases : bool, optional
        Whether biases are drawn, as connections from a neuron 1; if not given, those there are.

    Raises
    ------
    ValueError
        When there are less than two layers, `names` do not fit, or `weights` is something else
        or asks for values that there are not.
    """
    params, sizes = layers_of(network)
    biases = "b1" in params if biases is None else biases
    text = text_of(weights, params, biases)
    columns = circles_of(sizes, names, biases)
    connections = [
        connections_of(k, left, right, text)
        for k, (left, right) in enumerate(pairwise(columns), start=1)
    ]
    ax, own = (new_axes(), True) if ax is None else (ax, False)
    rows = [heights(len(circles)) for circles in columns]
    wires = [_wires(*each) for each in zip(connections, rows, rows[1:], strict=False)]
    gap, places = lay_out(wires)
    scale = _set_up(ax, gap * len(wires), max(float(y[0]) for y in rows), own)
    for k, (each, wire, middles) in enumerate(zip(connections, wires, places, strict=True)):
        for connection, start, end, (x, y) in zip(
            each, wire.starts, wire.ends, middles, strict=True
        ):
            _draw_line(ax, (gap * k, start), (gap * (k + 1), end), scale)
            _write(ax, connection.text, gap * k + x, y, WEIGHT_SIZE * scale)
    for k, (circles, ys) in enumerate(zip(columns, rows, strict=True)):
        for circle, y in zip(circles, ys, strict=True):
            _draw_circle(ax, circle, gap * k, float(y), scale)
    return ax


def _wires(connections: Sequence[Connection], left: Floats, right: Floats) -> Wires:
    return Wires(
        np.array([left[connection.source] for connection in connections]),
        np.array([right[connection.target] for connection in connections]),
        np.array([_extent(connection.text, WEIGHT_SIZE) for connection in connections]),
    )


def _extent(text: str, size: float) -> tuple[float, float]:
    """Return width and height of a text, in points."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    if not text:
        return 0.0, 0.0
    extents = TextPath((0, 0), text, prop=FontProperties(size=size)).get_extents()
    return float(extents.width), max(float(extents.height), size)


def _set_up(ax: "Axes", right: float, top: float, own: bool) -> float:
    """Let the axes show all in points; return by how much these are enlarged there.

    A figure of our own gets the size at which that is 1.
    """
    border = RADIUS + MARGIN
    figure = ax.get_figure(root=True)
    assert figure is not None
    if own:
        figure.set_size_inches((right + 2 * border) / 72, 2 * (top + border) / 72)
        ax.set_position((0, 0, 1, 1))  # and constrained layout leaves it there
    ax.set_xlim(-border, right + border)
    ax.set_ylim(-top - border, top + border)
    ax.set_aspect("equal")
    ax.set_axis_off()
    figure.draw_without_rendering()  # only now the axes have their size
    (left, _), (unit, _) = ax.transData.transform([(0, 0), (1, 0)])
    return float(unit - left) * 72 / figure.dpi


def _draw_line(
    ax: "Axes", start: tuple[float, float], end: tuple[float, float], scale: float
) -> None:
    from matplotlib.patches import FancyArrowPatch

    middles = np.array([start, end])
    border = RADIUS * (middles[1] - middles[0]) / np.hypot(*(middles[1] - middles[0]))
    arrow = FancyArrowPatch(
        middles[0] + border,
        middles[1] - border,
        arrowstyle="-|>",
        mutation_scale=8 * scale,
        shrinkA=0,
        shrinkB=0,
        color=LINE,
        lw=0.7 * scale,
    )
    ax.add_artist(arrow)


def _draw_circle(ax: "Axes", circle: Circle, x: float, y: float, scale: float) -> None:
    from matplotlib.patches import Circle as Patch

    size = NAME_SIZE
    if circle.kind in FILLED:
        ax.add_artist(Patch((x, y), RADIUS, fc=FILLED[circle.kind], ec=LINE, lw=0.9 * scale))
        width, _ = _extent(circle.text, NAME_SIZE)
        size *= min(1.0, 1.7 * RADIUS / max(width, 1.0))
    ax.text(x, y, circle.text, ha="center", va="center", fontsize=size * scale)


def _write(ax: "Axes", text: str, x: float, y: float, size: float) -> None:
    if text:
        box = {"fc": "white", "ec": "none", "pad": 0.5}
        ax.text(x, y, text, ha="center", va="center", fontsize=size, bbox=box)
