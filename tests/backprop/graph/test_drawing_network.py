import numpy as np
import pytest

from backprop import Network, SigmoidWithLoss, Tanh, TwoLayerNet, graph
from tests.backprop.graph.graphs import small_net
from tests.support import Case, normal


def texts(drawing: graph.Drawing) -> list[tuple[str, str, str, str]]:
    nodes = [node.text for node in drawing.diagram.nodes]
    return [(nodes[e.source], nodes[e.target], e.value, e.grad) for e in drawing.diagram.edges]


def test_a_network_with_labels(case: Case):
    net = TwoLayerNet(6, 5, 3, dtype=case.dtype, backend=case.backend, seed=0)
    x, t = normal(case, 7, 6), case.array(np.zeros(7, dtype=int))
    drawn = texts(graph.draw(net, x, t))
    loss = graph.diagram.short(net.loss(x, t))
    assert drawn == [
        ("x", "Affine1", "(7, 6)", "(7, 6)"),
        ("Affine1", "Relu1", "(7, 5)", "(7, 5)"),
        ("Relu1", "Affine2", "(7, 5)", "(7, 5)"),
        ("Affine2", "SoftmaxWithLoss", "(7, 3)", "(7, 3)"),
        ("t", "SoftmaxWithLoss", "(7,)", ""),
        ("SoftmaxWithLoss", "", loss, "1" if case.has_values else "()"),
    ]


def test_a_network_without_labels():
    drawn = texts(graph.draw(small_net(), np.zeros((7, 6), dtype=np.uint8)))
    assert [edge[1:] for edge in drawn][-2:] == [("Affine2", "(7, 5)", ""), ("", "(7, 3)", "")]


def test_labels_may_be_a_list():
    assert texts(graph.draw(small_net(), np.zeros((1, 6)), [0]))[-2][:3] == (
        "t",
        "SoftmaxWithLoss",
        "[0]",
    )


def test_a_network_without_parameters():
    net = Network({"Tanh": Tanh()}, SigmoidWithLoss())
    drawn = texts(graph.draw(net, np.zeros((5, 2)), np.zeros((5, 2))))
    assert drawn[0] == ("x", "Tanh", "(5, 2)", "(5, 2)")


def test_the_network_is_left_as_it_is():
    net, rng = small_net(), np.random.default_rng(0)
    x, t = rng.standard_normal((7, 6)), np.zeros(7, dtype=int)
    net.loss(x, t, training=True)
    before = net.last_layer.backward()
    kept = {name: layer.cache for name, layer in net.layers.items()}
    graph.draw(net, x[:3], t[:3])
    assert all(layer.cache is kept[name] for name, layer in net.layers.items())
    assert not net.layers["Affine1"].grads
    np.testing.assert_array_equal(net.last_layer.backward(), before)


def test_a_network_without_layers():
    net = Network({}, SigmoidWithLoss())
    assert texts(graph.draw(net, np.zeros((5, 2)))) == [("x", "", "(5, 2)", "")]


def test_what_a_network_refuses_is_refused():
    x, t = np.zeros((7, 6)), np.zeros(7, dtype=int)
    strict = pytest.importorskip("array_api_strict")
    with pytest.raises(TypeError, match="`x` must be real; got complex128"):
        graph.draw(small_net(), x.astype(complex))
    with pytest.raises(TypeError, match="`x` must be an array of numpy"):
        graph.draw(small_net(), strict.asarray(x))
    with pytest.raises(TypeError, match="`t` must be an array of numpy"):
        graph.draw(small_net(), x, strict.asarray(t))


class Double:
    """A layer in the book's style, which derives from nothing."""

    def forward(self, x):
        return 2 * x

    def backward(self, dout):
        return 2 * dout


def test_a_network_with_a_layer_of_ones_own():
    net = Network({"Double": Double(), "Tanh": Tanh()}, SigmoidWithLoss())
    drawn = texts(graph.draw(net, np.zeros((1, 2)), np.zeros((1, 2))))
    assert [edge[:2] for edge in drawn[:3]] == [
        ("x", "Double"),
        ("Double", "Tanh"),
        ("Tanh", "SigmoidWithLoss"),
    ]
    assert [edge[3] for edge in drawn[:3]] == ["(1, 2)"] * 3
