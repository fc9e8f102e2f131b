"""What a type checker sees of `import backprop`: `make lint` checks this file with mypy --strict."""

from types import ModuleType
from typing import Any, assert_type

import numpy as np

import backprop
from backprop import SGD, History, Layer, Network, Relu, Trainer, TwoLayerNet, gradcheck, graph
from backprop.gradients import Report
from backprop.training import Optimizer


def test_names_have_their_types() -> None:
    net = TwoLayerNet(2, 3, 2, backend="cpu", seed=0)
    assert_type(net, TwoLayerNet)
    assert_type(net.params["W1"], Any)
    assert_type(backprop.Relu(), Relu)
    assert_type(backprop.graph.Variable(2.0), graph.Variable)
    assert_type(backprop.__version__, str)
    layer: Layer = Relu()
    network: Network = net
    optimizer: Optimizer = SGD(lr=0.1)
    x, t = np.array([[0.0, 1.0], [0.5, 0.0]]), np.array([0, 1])
    assert_type(Trainer(network, optimizer).fit((x, t), epochs=1), History)
    assert_type(gradcheck(layer, x), Report)
    modules: list[ModuleType] = [backprop.plotting, backprop.perceptron, backprop.functions]
    assert [module.__name__ for module in modules] == [
        "backprop.plotting",
        "backprop.perceptron",
        "backprop.functions",
    ]
