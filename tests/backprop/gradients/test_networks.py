"""Networks as they come to the checker: used before, in inference, wrong on any library."""

import numpy as np
import pytest

from backprop import (
    SGD,
    Affine,
    Layer,
    Network,
    SoftmaxWithLoss,
    Trainer,
    TwoLayerNet,
    gradcheck,
    load_mnist_sample,
)
from tests.support import Case

RNG = np.random.default_rng(0)
X, T = RNG.standard_normal((6, 4)), np.arange(6) % 3


@pytest.mark.parametrize(
    "use",
    [
        lambda net: net.loss(X, T, training=True),
        lambda net: net.gradient(X, T),
        lambda net: net.gradient(X[:2], T[:2]),
        lambda net: Trainer(net, batch_size=3).fit((X, T), epochs=1),
    ],
)
def test_a_network_that_was_used_before(use):
    """What its layers hold from another pass is no parameter."""
    net = TwoLayerNet(4, 5, 3, 0.5, dtype="float64", backend="cpu", seed=0)
    use(net)
    report = gradcheck(net, X, T)
    assert report.ok
    assert [entry.name for entry in report.entries] == ["W1", "b1", "W2", "b2"]


class Normalizing(Layer):
    """Batch normalization without scale: in inference by what it has kept."""

    def __init__(self):
        super().__init__()
        self.state = {"mean": np.full(4, 0.5), "var": np.full(4, 2.0)}

    def forward(self, x, training=False):
        mean, var = (x.mean(0), x.var(0)) if training else (self.state["mean"], self.state["var"])
        self.cache = (x - mean) / np.sqrt(var + 1e-7), np.sqrt(var + 1e-7), training
        return self.cache[0]

    def backward(self, dout=1):
        y, std, training = self.recall()
        return (dout - dout.mean(0) - y * (dout * y).mean(0)) / std if training else dout / std


@pytest.mark.parametrize("training", [True, False])
def test_the_mode_that_is_asked_for_is_the_one_differentiated(training):
    first = Affine(RNG.standard_normal((4, 4)), np.zeros(4))
    last = Affine(RNG.standard_normal((4, 3)), np.zeros(3))
    net = Network({"First": first, "Norm": Normalizing(), "Last": last}, SoftmaxWithLoss())
    assert gradcheck(net, X, T, kwargs={"training": training}).ok


class TooLarge(Affine):
    def backward(self, dout=1):
        dx = super().backward(dout)
        self.grads["W"] = self.grads["W"] * 1.01
        return dx


@pytest.mark.needs_values
@pytest.mark.needs_indices
def test_a_wrong_network_is_called_so_on_every_library(case: Case):
    layer = TooLarge(case.array(RNG.standard_normal((4, 3))), case.array(np.zeros(3)))
    report = gradcheck(Network({"Own": layer}, SoftmaxWithLoss()), case.array(X), case.array(T))
    assert {entry.name: str(entry.verdict) for entry in report.entries} == {
        "W1": "wrong",
        "b1": "agrees",
    }


@pytest.mark.parametrize("seed", range(2))
def test_a_trained_network_is_right(monkeypatch, seed):
    """Its loss is tiny beside the scores that it is computed from, and those are rounded."""
    (x, t), _ = load_mnist_sample()
    x, t = x[:30, ::4], t[:30]
    net = TwoLayerNet(196, 12, 10, dtype="float64", backend="cpu", seed=seed)
    Trainer(net, SGD(0.5), batch_size=10, seed=seed).fit((x, t), epochs=500)
    assert net.loss(x, t) < 1e-3
    for count in (1, 3, 10):
        report = gradcheck(net, x[:count], t[:count], mode="full")
        assert report.ok, report
    right = Affine.backward

    def wrong(layer, dout):
        dx = right(layer, dout)
        layer.grads["W"] = layer.grads["W"] * (1 + 1e-4)
        return dx

    monkeypatch.setattr(Affine, "backward", wrong)  # the first layer of a network has no need of it
    report = gradcheck(net, x[:3], t[:3], mode="full")
    assert [str(entry.verdict) for entry in report.entries] == [
        "agrees",
        "agrees",
        "wrong",
        "agrees",
    ]
