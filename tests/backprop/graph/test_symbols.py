"""Drawings in letters: the book's figures, and what no figure of the book shows."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from backprop import Relu, Sigmoid, Tanh, graph
from backprop.graph import Constant, Drawing, Variable
from tests.backprop.graph.graphs import FIGURES, small_net, squared_sum

# The circles, and what stands above and below each edge.
BOOK = {
    "unknown": (["f"], [("x", "E · ∂y/∂x"), ("y", "E")]),
    "forward": (["+", "**2"], [("x", ""), ("y", ""), ("t", ""), ("z", "")]),
    "chain_rule": (
        ["+", "**2"],
        [
            ("x", "∂z/∂z · ∂z/∂t · ∂t/∂x"),
            ("y", "∂z/∂z · ∂z/∂t · ∂t/∂y"),
            ("t", "∂z/∂z · ∂z/∂t"),
            ("z", "∂z/∂z"),
        ],
    ),
    "addition": (["+"], [("x", "∂L/∂z · 1"), ("y", "∂L/∂z · 1"), ("z", "∂L/∂z")]),
    "multiplication": (["×"], [("x", "∂L/∂z · y"), ("y", "∂L/∂z · x"), ("z", "∂L/∂z")]),
}


def edges(drawing: Drawing) -> list[tuple[str, str]]:
    return [(edge.value, edge.grad) for edge in drawing.diagram.edges]


@pytest.fixture(params=FIGURES, ids=lambda make: make.__name__)
def figure(request):
    """A figure of the book: the drawing, its circles and its edges."""
    return request.param(), *BOOK[request.param.__name__]


def test_the_figure_s_nodes_and_edges(figure):
    drawing, circles, texts = figure
    assert [n.text for n in drawing.diagram.nodes if n.kind == "operation"] == circles
    assert not any(n.text for n in drawing.diagram.nodes if n.kind != "operation")
    assert edges(drawing) == texts


def test_the_figure_in_svg(figure):
    drawing, circles, texts = figure
    found = [e.text for e in ET.fromstring(drawing.to_svg()).iter() if e.tag.endswith("}text")]
    assert sorted(found) == sorted(circles + [text for pair in texts for text in pair if text])


def test_the_figure_in_dot(figure):
    drawing, circles, texts = figure
    dot = drawing.to_dot()
    assert re.findall(r'label="(.*)", shape=circle', dot) == circles
    found = re.findall(r'-> n\d+ \[label="(.*)"\];', dot)
    assert found == [r"\n".join(filter(None, pair)) for pair in texts]


def test_the_figure_in_mermaid(figure):
    drawing, circles, texts = figure
    mermaid = re.sub(r"#(\d+);", lambda m: chr(int(m[1])), drawing.to_mermaid())
    assert re.findall(r'\(\("(.*)"\)\)', mermaid) == circles
    found = re.findall(r'-->\|"(.*)"\|', mermaid)
    assert found == ["<br/>".join(filter(None, pair)) for pair in texts]


def test_the_figure_as_png(figure, tmp_path):
    figure[0].save(tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_a_variable_draws_itself_in_letters(tmp_path):
    z = squared_sum()
    z.backward()
    z.draw(tmp_path / "a.svg", symbols=True)
    assert "∂z/∂z · ∂z/∂t · ∂t/∂x" in (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert "∂" not in z.to_dot()


def test_a_text_comes_back_without_a_backward_pass_and_slopes_are_worked_out():
    assert edges(squared_sum().draw(symbols="1"))[::-1] == [
        ("z", "1"),
        ("t", "1 · 2t"),
        ("y", "1 · 2t · 1"),
        ("x", "1 · 2t · 1"),
    ]


def slopes(z: Variable) -> list[str]:
    return [grad for _, grad in edges(z.draw(symbols="E"))[:-1] if grad]


def test_the_slopes_of_elementary_layers():
    x, y = Variable(2.0, "x"), Variable(3.0, "y")
    assert slopes(x - y) == ["E · 1", "E · (−1)"]
    assert slopes(x / y) == ["E · 1/y", "E · (−x/y²)"]
    assert slopes(x**y) == ["E · y · x^(y − 1)", "E · z · log x"]
    assert slopes(graph.exp(x)) == ["E · z"]
    assert slopes(graph.log(x)) == ["E · 1/x"]
    assert slopes(graph.apply(Sigmoid(), x)) == ["E · z(1 − z)"]
    assert slopes(graph.apply(Tanh(), x)) == ["E · (1 − z²)"]
    assert slopes(graph.apply(Relu(), x)) == ["E · ∂z/∂x"]
    assert slopes(-x) == ["E · (-1)"]


def test_the_slopes_of_powers():
    x = Variable(2.0, "x")
    made = [x**3, x**2, x**1, x**0.5, x**-1]
    assert [slopes(z) for z in made] == [
        ["E · 3x²"],
        ["E · 2x"],
        ["E · 1"],
        ["E · 0.5x^-0.5"],
        ["E · (-1)x⁻²"],
    ]
    assert [z.draw(symbols="E").diagram.nodes[1].text for z in made[2:]] == [
        "**1",
        "**0.5",
        "**-1",
    ]


def test_products_of_matrices_are_transposed():
    X, W = Variable(np.ones((2, 3)), "X"), Variable(np.ones((3, 4)), "W")
    assert edges((X @ W).draw(symbols="∂L/∂Y")) == [
        ("X", "∂L/∂Y · Wᵀ"),
        ("W", "Xᵀ · ∂L/∂Y"),
        ("z", "∂L/∂Y"),
    ]


def test_derivatives_of_several_uses_add_up():
    x = Variable(3.0, "x")
    y = x * x + x
    assert edges(y.draw(symbols="E"))[0] == ("x", "E · 1 + E · 1 · x + E · 1 · x")
    y.backward()
    assert edges(y.draw(symbols=True)) == [
        ("x", "dz/dx"),
        ("x", "∂z/∂z · ∂z/∂t · x"),  # ∂t/∂x would not say by which of the two
        ("x", "∂z/∂z · ∂z/∂t · x"),
        ("t", "∂z/∂z · ∂z/∂t"),
        ("x", "∂z/∂z · ∂z/∂x"),
        ("z", "∂z/∂z"),
    ]


def test_a_sum_is_multiplied_as_a_whole():
    x = Variable(3.0, "x")
    t = graph.exp(x)
    t.name = "t"
    assert edges((t + t).draw(symbols="E"))[0] == ("x", "(E · 1 + E · 1) · t")


def test_values_without_a_name_get_letters_that_are_free():
    x, t = Variable(1.0), Variable(2.0, "t")
    w = (x * t + Variable(3.0)) * 2
    assert [value for value, _ in edges(w.draw(symbols=True)) if value] == [
        "x",
        "t",
        "u",
        "y",
        "v",
        "z",
    ]


def test_letters_never_run_out():
    z = Variable(1.0)
    for _ in range(12):
        z = graph.apply(Tanh(), z)
    values = [value for value, _ in edges(z.draw(symbols=True))]
    assert values == ["x", *"tuvw", *(f"w{n}" for n in "₁₂₃₄₅₆₇"), "z"]


def test_constants_are_numbers_names_or_letters():
    x = Variable(np.ones(5), "x")
    y = x * np.ones(5) * Constant(np.ones(5), "mask") * 2
    drawn = y.draw(symbols="E")
    assert [n.text for n in drawn.diagram.nodes if n.kind == "constant"] == ["c", "mask", "2"]
    assert edges(drawn)[0] == ("x", "E · 2 · mask · c")


def test_a_long_derivative_is_cut_where_it_stands_at_the_right_already():
    z = Variable(1.0, "x")
    for _ in range(40):
        z = graph.apply(Tanh(), z)
    z.backward()
    texts = [grad for _, grad in edges(z.draw(symbols=True))]
    assert max(map(len, texts)) <= 60
    assert sum(grad.startswith("… · ∂") for grad in texts) > 20
    assert texts[-1] == "∂z/∂z"
    for _ in range(4):
        z = z * z
    texts = [grad for _, grad in edges(z.draw(symbols="E"))]
    assert max(map(len, texts)) <= 60


def test_what_the_caller_writes_is_never_cut():
    drawn = edges(squared_sum().draw(symbols="E" * 70))
    assert drawn[::-1][:2] == [("z", "E" * 70), ("t", "… · 2t")]


def test_a_network_in_letters():
    x, t = np.zeros((7, 6)), np.zeros(7, dtype=int)
    drawn = edges(graph.draw(small_net(), x, t, symbols=True))
    assert drawn[0] == ("x", "∂L/∂L · ∂L/∂v · ∂v/∂u · ∂u/∂z · ∂z/∂x")
    assert drawn[-1] == ("L", "∂L/∂L")
    drawn = edges(graph.draw(small_net(), x, symbols=True))
    assert [value for value, _ in drawn] == ["x", "z", "t", "y"]
    assert not any(grad for _, grad in drawn)


def test_a_value_by_itself():
    assert edges(Variable(3, "x").draw(symbols=True)) == [("x", "")]
    assert edges(Variable(3).draw(symbols="E")) == [("x", "E")]


def test_names_of_any_letters_stand_on_one_line():
    z = Variable(2.0, "{x}\n") * Variable(3.0, "値")
    assert edges(z.draw(symbols="E")) == [("{x} ", "E · 値"), ("値", "E · {x} "), ("z", "E")]
    z.backward()
    assert edges(z.draw(symbols=True))[0] == ("{x} ", "∂z/∂z · ∂z/∂{x} ")


def test_the_graph_is_left_as_it_is():
    y = Variable(1.0) + 1
    y.draw(symbols="E")
    assert y.name is y.operation.inputs[0].name is y.grad is None


@pytest.mark.parametrize("symbols", [None, 1, ["E"]], ids=str)
def test_symbols_of_another_type(symbols):
    with pytest.raises(TypeError, match="`symbols` must be True, False or a text; got"):
        squared_sum().draw(symbols=symbols)


@pytest.mark.parametrize("symbols", ["", " "])
def test_an_empty_text(symbols):
    with pytest.raises(ValueError, match="`symbols` must be what comes back to the result; got"):
        squared_sum().draw(symbols=symbols)
