"""The picture of a diagram, with matplotlib."""

import io
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from backends.distribution import pip_install
from backprop.graph.diagram import Diagram, Edge, Node
from backprop.graph.layout import BRANCH_DIAMETER, NODE_DIAMETER, Box, Segment, lay_out

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.backends.backend_agg import RendererAgg
    from matplotlib.figure import Figure
    from matplotlib.font_manager import FontProperties
    from matplotlib.path import Path

PNG_DPI = 150
FONT_SIZE = 10.0
TEXT_GAP = 2.5  # between an edge and its texts
COLORS = {"line": "#444444", "value": "#000000", "grad": "#b3261e", "node": "#eef3fb"}
OUTLINED = {"operation": (NODE_DIAMETER, "node"), "branch": (BRANCH_DIAMETER, "line")}

# Fonts with Chinese and Japanese characters, of the usual systems: those installed are used.
_EAST_ASIAN = (
    "Noto Sans CJK JP",
    "Noto Sans CJK SC",
    "Noto Sans JP",
    "Noto Sans SC",
    "IPAexGothic",
    "Hiragino Sans",
    "PingFang SC",
    "Yu Gothic",
    "Microsoft YaHei",
    "WenQuanYi Zen Hei",
)


def figure(diagram: Diagram) -> "Figure":
    """Return a figure of the size that the diagram needs.

    Raises
    ------
    ModuleNotFoundError
        When matplotlib or igraph is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ModuleNotFoundError:
        raise ModuleNotFoundError(f"pictures need matplotlib: {pip_install('plot')}") from None
    picture = Figure(dpi=72)
    renderer = FigureCanvasAgg(picture).get_renderer()
    with _ignore_missing_glyphs():
        plan = lay_out(diagram, cache(lambda text: _text_width(text, renderer)))
    picture.set_size_inches(plan.width / 72, plan.height / 72)
    ax = picture.add_axes((0, 0, 1, 1), xlim=(0, plan.width), ylim=(0, plan.height))
    ax.set_axis_off()
    for edge, route in zip(diagram.edges, plan.routes, strict=True):
        _draw_edge(ax, edge, route, arrow=diagram.nodes[edge.target].kind != "branch")
    for node, box in zip(diagram.nodes, plan.boxes, strict=True):
        _draw_node(ax, node, box)
    return picture


def svg(diagram: Diagram) -> str:
    """Return the picture as SVG, in which texts are texts, for the reader's own fonts."""
    picture, file = figure(diagram), io.StringIO()
    import matplotlib

    options = {"svg.fonttype": "none", "svg.hashsalt": "backprop"}
    with matplotlib.rc_context(options), _ignore_missing_glyphs():
        picture.savefig(file, format="svg", metadata={"Date": None})
    return file.getvalue()


def write_png(diagram: Diagram, path: str | os.PathLike[str]) -> None:
    """Write the picture as PNG; letters that no installed font has become boxes."""
    picture = figure(diagram)
    with _ignore_missing_glyphs():
        picture.savefig(path, format="png", dpi=PNG_DPI)


@contextmanager
def _ignore_missing_glyphs() -> Iterator[None]:
    """Let texts have letters that no installed font has."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Glyph \d+ ")
        yield


def _draw_node(ax: "Axes", node: Node, box: Box) -> None:
    from matplotlib.patches import PathPatch

    if node.kind in OUTLINED:
        height, color = OUTLINED[node.kind]
        outline = _outline(box, height)
        ax.add_artist(PathPatch(outline, fc=COLORS[color], ec=COLORS["line"], lw=0.9))
    _write(ax, node.text, box.x, box.y, "center_baseline", COLORS["value"])


def _outline(box: Box, height: float) -> "Path":
    """Return a circle, its halves moved apart to the width of the box.

    The ends of matplotlib's own round boxes are parabolas, which around a short name is no circle.
    """
    from matplotlib.path import Path

    radius, shift = height / 2, (box.width - height) / 2
    left: Any = Path.arc(90, 270)
    right: Any = Path.arc(-90, 90)
    points = [
        *(left.vertices * radius + (box.x - shift, box.y)),
        *(right.vertices * radius + (box.x + shift, box.y)),
    ]
    codes = [*left.codes, Path.LINETO, *right.codes[1:], Path.CLOSEPOLY]
    return Path([*points, points[0]], codes)


def _draw_edge(ax: "Axes", edge: Edge, route: list[Segment], arrow: bool) -> None:
    from matplotlib.patches import FancyArrowPatch

    style = "-|>" if arrow else "-"
    ax.add_artist(
        FancyArrowPatch(
            path=_curve(route), arrowstyle=style, mutation_scale=9, color=COLORS["line"], lw=0.9
        )
    )
    middle = (route[1].left + route[1].right) / 2
    _write(ax, edge.value, middle, route[1].y + TEXT_GAP, "bottom", COLORS["value"])
    _write(ax, edge.grad, middle, route[1].y - TEXT_GAP, "top", COLORS["grad"])


def _curve(route: list[Segment]) -> "Path":
    """Return the path along the segments, bent between each and the next."""
    from matplotlib.path import Path

    points, codes = [(route[0].left, route[0].y)], [Path.MOVETO]
    for segment, following in pairwise(route):
        middle = (segment.right + following.left) / 2
        points += [(segment.right, segment.y), (middle, segment.y), (middle, following.y)]
        points.append((following.left, following.y))
        codes += [Path.LINETO, *[Path.CURVE4] * 3]
    return Path([*points, (route[-1].right, route[-1].y)], [*codes, Path.LINETO])


def _write(ax: "Axes", text: str, x: float, y: float, va: str, color: str) -> None:
    if text:
        ax.text(
            x, y, text, ha="center", va=va, color=color, fontproperties=_font(), parse_math=False
        )


@cache
def _font() -> "FontProperties":
    from matplotlib.font_manager import FontProperties, get_font_names

    installed = set(get_font_names())
    return FontProperties(
        family=["DejaVu Sans", *(name for name in _EAST_ASIAN if name in installed)], size=FONT_SIZE
    )


def _text_width(text: str, renderer: "RendererAgg") -> float:
    return renderer.get_text_width_height_descent(text, _font(), ismath=False)[0] if text else 0.0
