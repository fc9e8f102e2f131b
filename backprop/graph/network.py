"""A network as a graph: its layers in order, run once on a batch."""

from typing import Any

from backends import Array
from backprop.graph.operation import Constant
from backprop.graph.variable import Variable, apply
from backprop.networks import Network


def run(net: Network, x: Array, t: Any = None) -> Variable:
    """Return the scores for `x`; with labels the loss, after its backward pass.

    A copy of the network runs: its own layers keep what they hold.
    """
    net = net.to()
    y = Variable(net._input(x), "x")
    for name, layer in net.layers.items():
        y = apply(layer, y, name=name)
    if t is None:
        return y
    loss = apply(net.last_layer, y, Constant(net._labels(t), "t"))
    loss.backward()
    return loss
