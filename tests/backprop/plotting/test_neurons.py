"""Networks as circles of neurons: the book's three figures, and what else may be drawn."""

import sys
from itertools import combinations

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.patches import Circle, FancyArrowPatch

from backprop import Network, TwoLayerNet, plotting
from backprop.demos.three_layer import PARAMS
from tests.support import Case

GATES = {  # NAND and OR, then AND
    "W1": np.array([[-0.5, 0.5], [-0.5, 0.5]]),
    "b1": np.array([0.7, -0.2]),
    "W2": np.array([[0.5], [0.5]]),
    "b2": np.array([-0.7]),
}
XOR = [["$x_1$", "$x_2$"], ["$s_1$", "$s_2$"], ["$y$"]]
SOFTMAX = [["$a_1$", "$a_2$", "$a_3$"], ["$y_1$", "$y_2$", "$y_3$"]]

FIGURES = {
    "perceptron": lambda ax=None: plotting.neurons([2, 2, 1], XOR, ax=ax),
    "gates": lambda ax=None: plotting.neurons(GATES, XOR, weights="values", ax=ax),
    "three layers": lambda ax=None: plotting.neurons(
        [2, 3, 2, 2], weights="names", biases=True, ax=ax
    ),
    "their values": lambda ax=None: plotting.neurons(
        Network.from_params(PARAMS, "sigmoid"), weights="values", ax=ax
    ),
    "softmax": lambda ax=None: plotting.neurons([3, 3], SOFTMAX, ax=ax),
    "many": lambda ax=None: plotting.neurons([6, 5, 6], weights="names", biases=True, ax=ax),
}


def circles(ax):
    return {tuple(p.center) for p in ax.get_children() if isinstance(p, Circle)}


def arrows(ax):
    """Return which circles are connected, by the texts in them."""
    found = [p._posA_posB for p in ax.get_children() if isinstance(p, FancyArrowPatch)]
    middles = circles(ax)
    inside = {t.get_position(): t.get_text() for t in ax.texts if t.get_position() in middles}

    def nearest(end):
        return inside[min(inside, key=lambda place: np.hypot(*np.subtract(place, end)))]

    return [(nearest(start), nearest(end)) for start, end in found]


def weights(ax):
    """Return what stands on the connections."""
    middles = circles(ax)
    return [t.get_text() for t in ax.texts if t.get_position() not in middles]


def names(ax):
    """Return what stands in the circles, column by column from the top."""
    columns, middles = {}, circles(ax)
    for text in ax.texts:
        if text.get_position() in middles:
            columns.setdefault(text.get_position()[0], []).append(text)
    return [
        [t.get_text() for t in sorted(column, key=lambda t: -t.get_position()[1])]
        for _, column in sorted(columns.items())
    ]


def test_the_perceptron_of_the_book():
    """Section 2.5.2: XOR of NAND and OR, by AND."""
    ax = FIGURES["perceptron"]()
    assert names(ax) == XOR
    assert sorted(arrows(ax)) == sorted(
        (a, b) for left, right in [XOR[:2], XOR[1:]] for a in left for b in right
    )
    assert weights(ax) == []
    assert not ax.axison


def test_the_weights_and_biases_of_the_gates():
    ax = FIGURES["gates"]()
    assert names(ax) == [["1", *XOR[0]], ["1", *XOR[1]], XOR[2]]
    assert weights(ax) == ["0.7", "-0.2", *["-0.5", "0.5"] * 2, "-0.7", "0.5", "0.5"]
    assert list(zip(arrows(ax), weights(ax), strict=True))[:3] == [
        (("1", "$s_1$"), "0.7"),
        (("1", "$s_2$"), "-0.2"),
        (("$x_1$", "$s_1$"), "-0.5"),
    ]


def test_the_network_of_three_layers():
    """Section 3.4: a weight has the indices of where it leads to and where it comes from."""
    ax = FIGURES["three layers"]()
    assert names(ax) == [
        ["1", "$x_{1}$", "$x_{2}$"],
        ["1", "$z_{1}^{(1)}$", "$z_{2}^{(1)}$", "$z_{3}^{(1)}$"],
        ["1", "$z_{1}^{(2)}$", "$z_{2}^{(2)}$"],
        ["$y_{1}$", "$y_{2}$"],
    ]
    written = dict(zip(arrows(ax), weights(ax), strict=True))
    assert len(written) == 3 * 3 + 4 * 2 + 3 * 2
    assert written["$x_{2}$", "$z_{1}^{(1)}$"] == "$w_{12}^{(1)}$"
    assert written["1", "$z_{3}^{(1)}$"] == "$b_{3}^{(1)}$"
    assert written["$z_{3}^{(1)}$", "$z_{1}^{(2)}$"] == "$w_{13}^{(2)}$"
    assert written["$z_{2}^{(2)}$", "$y_{2}$"] == "$w_{22}^{(3)}$"


def test_the_values_of_the_three_layers():
    by_name, by_value = FIGURES["three layers"](), FIGURES["their values"]()
    values = dict(zip(weights(by_name), weights(by_value), strict=True))
    assert values["$w_{12}^{(1)}$"] == "0.2"  # W1[1, 0]
    assert values["$w_{31}^{(1)}$"] == "0.5"  # W1[0, 2]
    assert values["$b_{3}^{(1)}$"] == "0.3"
    assert values["$w_{23}^{(2)}$"] == "0.6"  # W2[2, 1]


def test_the_softmax_layer():
    """Section 3.5.1: each output depends on each input."""
    ax = FIGURES["softmax"]()
    assert names(ax) == SOFTMAX
    assert sorted(arrows(ax)) == sorted((a, y) for a in SOFTMAX[0] for y in SOFTMAX[1])


@pytest.mark.parametrize("where", ["figure of its own", "grid"])
@pytest.mark.parametrize("draw", FIGURES.values(), ids=FIGURES)
def test_no_text_overlaps(draw, where):
    ax = draw() if where != "grid" else draw(plotting.axes_grid(1, 2)[1])
    figure = ax.get_figure()
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    boxes = [text.get_window_extent(canvas.get_renderer()) for text in ax.texts]
    for a, b in combinations(boxes, 2):
        assert not (a.x0 < b.x1 and b.x0 < a.x1 and a.y0 < b.y1 and b.y0 < a.y1)
    for box in boxes:
        assert figure.bbox.x0 <= box.x0 < box.x1 <= figure.bbox.x1
        assert figure.bbox.y0 <= box.y0 < box.y1 <= figure.bbox.y1
    rings = [p.get_window_extent() for p in ax.get_children() if isinstance(p, Circle)]
    middles = circles(ax)
    for text, box in zip(ax.texts, boxes, strict=True):
        inside = text.get_position() in middles
        touched = [r for r in rings if r.x0 < box.x1 and box.x0 < r.x1]
        assert not touched or inside
        assert not inside or any(r.x0 < box.x0 and box.x1 < r.x1 for r in touched)


def test_of_large_layers_some_neurons_are_drawn():
    net = TwoLayerNet(784, 50, 10, seed=0)
    ax = plotting.neurons(net, weights="names")
    inputs, hidden, outputs = names(ax)
    assert inputs == ["1", "$x_{1}$", "$x_{2}$", "$x_{3}$", "$x_{784}$"]
    assert len(hidden) == 5
    assert len(outputs) == 10
    assert weights(ax).count("⋮") == 2
    assert {"$w_{50,784}^{(1)}$", "$w_{10,50}^{(2)}$", "$b_{50}^{(1)}$"} <= set(weights(ax))
    assert len(arrows(ax)) == 5 * 4 + 5 * 10


@pytest.mark.needs_values
def test_parameters_of_any_library(case: Case):
    net = Network.from_params(PARAMS, "sigmoid", dtype=case.dtype, backend=case.backend)
    ax = plotting.neurons(net, weights="values")
    assert weights(ax) == weights(FIGURES["their values"]())
    assert weights(plotting.neurons(dict(net.params), weights="values")) == weights(ax)


def test_biases_are_drawn_when_there_are_some_or_on_request():
    W = {"W1": np.ones((2, 1))}
    assert names(plotting.neurons(W)) == [["$x_{1}$", "$x_{2}$"], ["$y_{1}$"]]
    assert names(plotting.neurons(W | {"b1": np.ones(1)}))[0][0] == "1"
    assert names(plotting.neurons(W | {"b1": np.ones(1)}, biases=False))[0][0] == "$x_{1}$"
    assert names(plotting.neurons([2, 1], biases=True))[0][0] == "1"


def test_long_names_are_written_smaller():
    ax = plotting.neurons([2, 1], [["NAND", "$x$"], ["a long name"]])
    sizes = {text.get_text(): text.get_fontsize() for text in ax.texts}
    assert sizes["a long name"] < sizes["NAND"] < sizes["$x$"]


def test_axes_that_are_given_are_drawn_into():
    ax = plotting.new_axes()
    assert plotting.neurons([2, 1], ax=ax) is ax
    assert ax.get_figure().get_size_inches().tolist() == [6.4, 4.0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"network": [3]}, r"`network` must have 2 or more layers of neurons; got \[3\]"),
        ({"network": [3, 0]}, r"2 or more layers of neurons; got \[3, 0\]"),
        ({"network": [3, 2.5]}, r"2 or more layers of neurons; got \[3, 2.5\]"),
        ({"network": {"b1": np.ones(3)}}, r"must have weights W1, ... of shape \(D, M\); got \[\]"),
        ({"network": {"W1": np.ones((2, 1, 3, 3))}}, r"\(D, M\); got \[\(2, 1, 3, 3\)\]"),
        (
            {"network": {"W1": np.ones((2, 3)), "W2": np.ones((2, 3))}},
            r"weights must fit together; got shapes \[\(2, 3\), \(2, 3\)\]",
        ),
        (
            {"network": [2, 1], "names": [["a"], ["b"]]},
            r"`names` must be as many as the neurons, \[2, 1\]; got \[1, 1\]",
        ),
        ({"network": [2, 1], "weights": "all"}, r'must be None, "names" or "values"; got \'all\''),
        ({"network": [2, 1], "weights": "values"}, "network's parameters; there is no W1"),
        (
            {"network": {"W1": np.ones((2, 1))}, "weights": "values", "biases": True},
            "network's parameters; there is no b1",
        ),
    ],
)
def test_what_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        plotting.neurons(**arguments)


def test_without_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ModuleNotFoundError, match="pictures need matplotlib"):
        plotting.neurons([2, 1])
