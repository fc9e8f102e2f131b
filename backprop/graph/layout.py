"""Places of the nodes, texts and edges of a diagram, by igraph's layered layout (Sugiyama's).

Nodes stand in every other column, the texts of edges in the columns between. Whatever passes a
column runs level there and bends only between columns: so no edge crosses a node or a text, and
edges that join the same two nodes lie apart. Lengths are points, 1/72 inch.
"""

import math
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from backends.distribution import pip_install
from backprop.graph.diagram import Diagram, Node

NODE_DIAMETER = 30.0  # of an operation's circle
BRANCH_DIAMETER = 5.0  # of the point where a value branches
ROW_HEIGHT = 46.0  # a node, or the texts above and below an edge, fit in
MIN_BEND_WIDTH = 18.0  # between two columns
PADDING = 8.0  # beside a text
LEAD_LENGTH = 9.0  # an edge runs level that far before it enters a node: there stands its arrow
MARGIN = 8.0

_ALIGNED = {"variable": 1, "constant": 1, "result": -1}  # right, left; others in the middle


@dataclass(frozen=True)
class Box:
    """Where a node lies: its center and width."""

    x: float
    y: float
    width: float


@dataclass(frozen=True)
class Segment:
    """A level piece of an edge, from `left` to `right`; between two pieces it bends."""

    left: float
    right: float
    y: float


@dataclass(frozen=True)
class Layout:
    """Where everything lies, x to the right and y upwards: see `lay_out`."""

    width: float
    height: float
    boxes: list[Box]  # of each node
    routes: list[list[Segment]]  # of each edge; its texts stand above and below the second segment


@dataclass(frozen=True)
class _Grid:
    """The vertices to lay out: nodes, then the texts of edges, then what passes a column."""

    columns: list[int]  # of each vertex
    paths: list[list[int]]  # of each edge, by vertices: source, text, passages, target


def lay_out(diagram: Diagram, measure: Callable[[str], float]) -> Layout:
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
    sides = _sides(grid, heights, [2 * LEAD_LENGTH + width for width in widths] + texts)
    boxes = [
        _box(node, width, heights[i], *sides[grid.columns[i]])
        for i, (node, width) in enumerate(zip(diagram.nodes, widths, strict=True))
    ]
    segments = [Segment(*sides[column], y) for column, y in zip(grid.columns, heights, strict=True)]
    routes = [
        _route([segments[v] for v in path], boxes[path[0]], boxes[path[-1]], port)
        for path, port in zip(grid.paths, _ports(diagram, grid, heights), strict=True)
    ]
    return Layout(sides[-1][1] + MARGIN, max(heights) + ROW_HEIGHT / 2, boxes, routes)


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
            f"drawings of graphs need igraph: {pip_install('plot')}"
        ) from None
    pairs = [pair for path in grid.paths for pair in pairwise(path)]
    graph = igraph.Graph(len(grid.columns), pairs, directed=True)
    places = graph.layout_sugiyama(layers=grid.columns, hgap=ROW_HEIGHT)
    lowest = max(x for x, _ in places)
    return [lowest - x + ROW_HEIGHT / 2 for x, _ in places]


def _node_width(node: Node, measure: Callable[[str], float]) -> float:
    if node.kind == "branch":
        return BRANCH_DIAMETER
    width = measure(node.text) + PADDING if node.text else 0.0
    return max(NODE_DIAMETER, width + PADDING) if node.kind == "operation" else width


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
        x += extent + MIN_BEND_WIDTH + min(step / 4, 2 * MIN_BEND_WIDTH)
    return sides


def _box(node: Node, width: float, y: float, left: float, right: float) -> Box:
    room = (right - left - width) / 2 - LEAD_LENGTH
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
            ports[number] = (0.5 - (place + 0.5) / len(edges)) * NODE_DIAMETER
    return ports


def _route(segments: list[Segment], source: Box, target: Box, port: float) -> list[Segment]:
    """Return an edge from the right side of one box to the border of the other."""
    first = Segment(source.x + source.width / 2, segments[0].right, source.y)
    radius = NODE_DIAMETER / 2
    inset = radius - math.sqrt(radius**2 - port**2)  # of a circle at that height
    border = target.x - target.width / 2 + inset
    return [first, *segments[1:-1], Segment(segments[-1].left, border, target.y + port)]
