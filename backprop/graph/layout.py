"""Where nodes, texts and edges of a diagram lie, with igraph's layered layout (Sugiyama's).

Nodes stand in every other column, the texts of edges in the columns between. Whatever passes a
column runs level there and bends only between columns: so no edge crosses a node or a text, and
edges that join the same two nodes lie apart. Lengths are points, 1/72 inch.
"""

import math
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from backprop.graph.diagram import Diagram, Node

NODE = 30.0  # diameter of a circle
BRANCH = 5.0  # that of a point
ROW = 46.0  # a node, or the texts above and below an edge, fit in
BEND = 18.0  # least width between two columns
PADDING = 8.0  # beside a text
LEAD = 9.0  # an edge runs level that far before it enters a node: there stands its arrow
MARGIN = 8.0

_ALIGNED = {"variable": 1, "constant": 1, "result": -1}  # right, left; others in the middle


@dataclass(frozen=True)
class Box:
    """Where a node lies: its centre and width."""

    x: float
    y: float
    width: float


@dataclass(frozen=True)
class Piece:
    """A level piece of an edge, from `left` to `right`; between two pieces it bends."""

    left: float
    right: float
    y: float


@dataclass(frozen=True)
class Layout:
    """Where everything lies, x to the right and y upwards: see `layout`."""

    width: float
    height: float
    boxes: list[Box]  # of each node
    routes: list[list[Piece]]  # of each edge; its texts stand above and below the second piece


@dataclass(frozen=True)
class _Grid:
    """The vertices to lay out: nodes, then the texts of edges, then what passes a column."""

    columns: list[int]  # of each vertex
    paths: list[list[int]]  # of each edge, by vertices: source, text, passages, target


def layout(diagram: Diagram, measure: Callable[[str], float]) -> Layout:
    """Return where everything lies, given the width of texts.

    Raises
    ------
    ModuleNotFoundError
        When igraph is not installed.
    """
    grid = _grid(diagram)
    heights = _heights(grid)
    widths = [_node_width(node, measure) for node in diagram.nodes]
    texts = [PADDING + max(measure(edge.value), measure(edge.grad)) for edge in diagram.edges]
    sides = _sides(grid, heights, [2 * LEAD + width for width in widths] + texts)
    boxes = [
        _box(node, width, heights[i], *sides[grid.columns[i]])
        for i, (node, width) in enumerate(zip(diagram.nodes, widths, strict=True))
    ]
    pieces = [Piece(*sides[column], y) for column, y in zip(grid.columns, heights, strict=True)]
    routes = [
        _route([pieces[v] for v in path], boxes[path[0]], boxes[path[-1]], port)
        for path, port in zip(grid.paths, _ports(diagram, grid, heights), strict=True)
    ]
    return Layout(sides[-1][1] + MARGIN, max(heights) + ROW / 2, boxes, routes)


def _grid(diagram: Diagram) -> _Grid:
    """Put nodes into columns, from left to right, and vertices where edges pass a column."""
    columns = [2 * rank for rank in _ranks(diagram)]
    columns += [columns[edge.source] + 1 for edge in diagram.edges]
    paths = []
    for text, edge in enumerate(diagram.edges, start=len(diagram.nodes)):
        passed = range(columns[text] + 1, columns[edge.target])
        passages = range(len(columns), len(columns) + len(passed))
        columns += passed
        paths.append([edge.source, text, *passages, edge.target])
    return _Grid(columns, paths)


def _ranks(diagram: Diagram) -> list[int]:
    """Return how many operations lie before each node; a constant stands near its only use."""
    ranks = [0] * len(diagram.nodes)
    for edge in diagram.edges:
        ranks[edge.target] = max(ranks[edge.target], ranks[edge.source] + 1)
    for edge in diagram.edges:
        if diagram.nodes[edge.source].kind == "constant":
            ranks[edge.source] = ranks[edge.target] - 1
    return ranks


def _heights(grid: _Grid) -> list[float]:
    """Return y of each vertex."""
    try:
        import igraph
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            "drawings of graphs need igraph: pip install 'backprop[plot]'"
        ) from None
    pairs = [pair for path in grid.paths for pair in pairwise(path)]
    graph = igraph.Graph(len(grid.columns), pairs, directed=True)
    places = graph.layout_sugiyama(layers=grid.columns, hgap=ROW)
    lowest = max(x for x, _ in places)
    return [lowest - x + ROW / 2 for x, _ in places]


def _node_width(node: Node, measure: Callable[[str], float]) -> float:
    if node.kind == "branch":
        return BRANCH
    width = measure(node.text) + PADDING if node.text else 0.0
    return max(NODE, width + PADDING) if node.kind == "operation" else width


def _sides(grid: _Grid, heights: list[float], widths: list[float]) -> list[tuple[float, float]]:
    """Return left and right of each column: the steeper the bends, the wider apart."""
    count = max(grid.columns) + 1
    extents, steps = [0.0] * count, [0.0] * count
    for column, width in zip(grid.columns, widths, strict=False):
        extents[column] = max(extents[column], width)
    for path in grid.paths:
        for v, w in pairwise(path):
            step = abs(heights[w] - heights[v])
            steps[grid.columns[v]] = max(steps[grid.columns[v]], step)
    sides, x = [], MARGIN
    for extent, step in zip(extents, steps, strict=True):
        sides.append((x, x + extent))
        x += extent + BEND + min(step / 4, 2 * BEND)
    return sides


def _box(node: Node, width: float, y: float, left: float, right: float) -> Box:
    room = (right - left - width) / 2 - LEAD
    return Box((left + right) / 2 + room * _ALIGNED.get(node.kind, 0), y, width)


def _ports(diagram: Diagram, grid: _Grid, heights: list[float]) -> list[float]:
    """Return how far above its target's middle each edge ends: the first input on top.

    Where the order of inputs is of no matter, they come as they lie, without crossing.
    """
    entering = defaultdict(list)
    for number, edge in enumerate(diagram.edges):
        entering[edge.target].append(number)
    ports = [0.0] * len(diagram.edges)
    for target, edges in entering.items():
        if diagram.nodes[target].commutes:
            edges.sort(key=lambda number: -heights[grid.paths[number][-2]])
        for place, number in enumerate(edges):
            ports[number] = (0.5 - (place + 0.5) / len(edges)) * NODE
    return ports


def _route(pieces: list[Piece], source: Box, target: Box, port: float) -> list[Piece]:
    """Return an edge from the right side of one box to the border of the other."""
    first = Piece(source.x + source.width / 2, pieces[0].right, source.y)
    inset = NODE / 2 - math.sqrt((NODE / 2) ** 2 - port**2)  # of a circle at that height
    border = target.x - target.width / 2 + inset
    return [first, *pieces[1:-1], Piece(pieces[-1].left, border, target.y + port)]
