import sys
import xml.etree.ElementTree as ET
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.patches import FancyArrowPatch, PathPatch

from backprop import MulLayer, graph
from backprop.graph import Drawing, Variable
from tests.backprop.graph.graphs import EXAMPLES, FIGURES, fruit, logistic, small_net, tangle
from tests.support import Case

GRAPHS = {make.__name__: make for make in EXAMPLES}
GRAPHS |= {f"tangle{seed}": lambda seed=seed: tangle(seed, 25) for seed in range(1, 8)}
DRAWINGS = {name: lambda make=make: make().draw() for name, make in GRAPHS.items()}
DRAWINGS |= {make.__name__: make for make in FIGURES}
DRAWINGS |= {
    f"{make.__name__}, {symbols}": lambda make=make, symbols=symbols: make().draw(symbols=symbols)
    for make in EXAMPLES
    for symbols in (True, "∂L/∂z")
}


def parts(drawing: Drawing):
    """Return the figure's bounds, the bounds of its texts and circles, and its edges' points."""
    figure = drawing.figure()
    renderer = FigureCanvasAgg(figure).get_renderer()
    (ax,) = figure.axes
    texts = [text.get_window_extent(renderer) for text in ax.texts]
    circles = [p.get_window_extent(renderer) for p in ax.get_children() if isinstance(p, PathPatch)]
    lines = [
        ax.transData.transform(p._path_original.interpolated(8).vertices)
        for p in ax.get_children()
        if isinstance(p, FancyArrowPatch)
    ]
    return figure.bbox, texts, circles, lines


def overlap(a, b) -> bool:
    return a.x0 < b.x1 and b.x0 < a.x1 and a.y0 < b.y1 and b.y0 < a.y1


@pytest.mark.filterwarnings("ignore:Glyph:UserWarning")
@pytest.mark.parametrize("draw", DRAWINGS.values(), ids=DRAWINGS)
def test_nothing_overlaps(draw):
    figure, texts, circles, lines = parts(draw())
    for box in texts + circles:
        assert figure.x0 <= box.x0 < box.x1 <= figure.x1
        assert figure.y0 <= box.y0 < box.y1 <= figure.y1
    assert not any(overlap(a, b) for a, b in combinations(texts, 2))
    assert not any(overlap(a, b) for a, b in combinations(circles, 2))
    for text in texts:
        inside = [c for c in circles if overlap(text, c)]
        assert all(c.x0 < text.x0 and text.x1 < c.x1 for c in inside)
        assert len(inside) <= 1
        assert not any(_enters(line, text) for line in lines)
    for circle in circles:
        assert not any(_enters(line[4:-4], circle.padded(-circle.width / 4)) for line in lines)


def _enters(line, box) -> bool:
    x, y = line.T
    return bool(np.any((x > box.x0) & (x < box.x1) & (y > box.y0) & (y < box.y1)))


def test_apples_and_oranges_of_the_book():
    (ax,) = fruit().draw().figure().axes
    texts = {text.get_text(): text for text in ax.texts}
    values = {"715", "2.2", "110", "3.3", "165", "650", "1.1", "1"}
    assert values | {"×", "+", "apple", "oranges", "tax", "price"} <= set(texts)
    assert texts["apple"].get_position()[0] < 100 < texts["price"].get_position()[0]
    x, y = texts["715"].get_position()
    assert texts["1"].get_position()[0] == x  # the derivative stands below the value
    assert texts["1"].get_position()[1] < y
    tops = [texts[name].get_position()[1] for name in ("apple", "apples", "orange", "oranges")]
    assert tops == sorted(tops, reverse=True)


def test_inputs_enter_in_their_order():
    """The first operand enters on top, wherever it comes from."""
    x, y = Variable(1.0, "x"), Variable(2.0, "y")
    z = (x - y) / (y - x)
    routes = [line for line in parts(z.draw())[3] if len(line)]
    ends = [line[-1] for line in routes]
    first, second = (i for i, e in enumerate(z.draw().diagram.edges) if e.target == _last(z))
    assert ends[first][1] > ends[second][1]


def _last(z: Variable) -> int:
    nodes = z.draw().diagram.nodes
    return next(i for i, node in enumerate(nodes) if node.text == "÷")


@pytest.mark.parametrize("name", ["×", "a longer name"])
def test_an_operation_is_a_circle_drawn_apart_to_the_width_of_its_name(name):
    drawn = graph.apply(MulLayer(), Variable(1.0), 2.0, name=name).draw().figure()
    (patch,) = (p for p in drawn.axes[0].get_children() if isinstance(p, PathPatch))
    (outline,) = patch.get_path().to_polygons()
    (x, y), (width, height) = outline.T, np.ptp(outline, axis=0)
    assert height == pytest.approx(30)
    assert width == pytest.approx(30) if name == "×" else width > 60
    area = abs(np.sum(x * np.roll(y, 1) - y * np.roll(x, 1))) / 2
    assert area == pytest.approx(np.pi * 15**2 + (width - height) * height, rel=0.01)


def test_the_figure_grows_with_the_graph():
    sizes = [tangle(0, size).draw().figure().get_size_inches() for size in (5, 40)]
    assert (sizes[0] < sizes[1]).all()


def test_an_svg_holds_names_values_and_derivatives():
    svg = fruit().draw().to_svg()
    root = ET.fromstring(svg)
    texts = ["".join(e.itertext()).strip() for e in root.iter("{http://www.w3.org/2000/svg}text")]
    assert sorted(texts) == sorted(
        [
            "apple",
            "apples",
            "orange",
            "oranges",
            "tax",
            "price",
            "×",
            "×",
            "×",
            "+",
            "100",
            "2",
            "150",
            "3",
            "200",
            "450",
            "650",
            "1.1",
            "715",
            "2.2",
            "110",
            "3.3",
            "165",
            "1.1",
            "1.1",
            "1.1",
            "650",
            "1",
        ]
    )
    assert fruit().draw().to_svg() == svg  # the same each time


def test_a_notebook_shows_it_no_wider_than_the_cell():
    shown = fruit().draw()._repr_svg_()
    assert ET.fromstring(shown).get("style") == "max-width: 100%; height: auto"
    assert ET.fromstring(shown).get("viewBox")  # by which it keeps its shape
    assert fruit()._repr_svg_() == shown
    assert repr(fruit().draw()) == "Drawing(4 operations, 9 edges)"


def test_names_of_any_letters(tmp_path):
    drawing = logistic().draw(tmp_path / "logistic.png")
    assert (tmp_path / "logistic.png").stat().st_size > 1000
    root = ET.fromstring(drawing.to_svg())
    assert "りんごの値段 $x$ \\ {" in "".join(root.itertext())


def test_a_drawing_is_saved_in_the_format_of_its_suffix(tmp_path):
    drawing = fruit().draw(tmp_path / "fruit.svg")
    assert (tmp_path / "fruit.svg").read_text(encoding="utf-8") == drawing.to_svg()
    drawing.save(str(tmp_path / "fruit.PNG"))
    assert (tmp_path / "fruit.PNG").read_bytes().startswith(b"\x89PNG")
    graph.draw(fruit(), path=tmp_path / "again.svg")
    assert (tmp_path / "again.svg").read_text(encoding="utf-8") == drawing.to_svg()


@pytest.mark.parametrize("name", ["fruit.gif", "fruit"])
def test_other_suffixes_are_refused(name):
    with pytest.raises(ValueError, match=f"`path` must end in .svg or .png; got '{name}'"):
        fruit().draw(name)
    assert not Path(name).exists()


def test_a_drawing_is_of_its_time():
    x = Variable(2.0, "x")
    y = x * 3.0
    drawing = y.draw()
    y.backward()
    assert "3" not in drawing.to_dot().split("n0 -> ")[1].split('"')[1]
    assert r"2\n3" in y.to_dot()


@pytest.mark.needs_values
def test_values_of_any_library(case: Case):
    x = Variable(case.array([1.0, 2.0]), "x")
    y = x * case.array(np.ones((3, 2)))
    y.backward()
    (ax,) = y.draw().figure().axes
    assert {"[1, 2]", "[3, 3]", "(3, 2)"} <= {text.get_text() for text in ax.texts}


def test_without_matplotlib_or_igraph(monkeypatch):
    y = fruit()
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "igraph", None)
        with pytest.raises(
            ModuleNotFoundError, match=r"graphs need igraph: pip install 'backprop-by-hand\[plot\]'"
        ):
            y.draw().to_svg()
        assert y._repr_svg_() is None
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(
        ModuleNotFoundError,
        match=r"pictures need matplotlib: pip install 'backprop-by-hand\[plot\]'",
    ):
        y.draw().save("fruit.png")
    assert "715" in y.to_mermaid()


def test_what_can_be_drawn():
    with pytest.raises(TypeError, match="`x` and `t` must not be given with a Variable"):
        graph.draw(fruit(), np.ones(2))
    with pytest.raises(TypeError, match="`target` must be a Variable or a Network; got float"):
        graph.draw(1.0)
    with pytest.raises(TypeError, match="`x` must be given with a Network; got None"):
        graph.draw(small_net())
