"""Copies of networks whose layers are anybody's: nothing shared, nothing lost."""

import collections
import threading
from dataclasses import dataclass, field

import numpy as np
import pytest

from backprop import Affine, Layer, Network, SoftmaxWithLoss, gradcheck

X, T = np.random.default_rng(1).standard_normal((6, 4)), np.arange(6) % 3


def weights():
    return np.random.default_rng(0).standard_normal((4, 3))


class Named(Layer):
    """`params` under another name too, and gradients under one of their own."""

    def __init__(self):
        super().__init__()
        self.params["W"] = weights()
        self.p, self.g = self.params, self.grads

    def forward(self, x):
        self.cache = x
        return x @ self.p["W"]

    def backward(self, dout=1):
        self.g["W"] = self.recall().T @ dout
        return dout @ self.p["W"].T


class Within(Layer):
    """A layer in a layer, whose dictionaries both share."""

    def __init__(self):
        super().__init__()
        self.inner = Affine(weights(), np.zeros(3))
        self.params, self.grads = self.inner.params, self.inner.grads

    def forward(self, x):
        return self.inner.forward(x)

    def backward(self, dout=1):
        return self.inner.backward(dout)


class InPlace(Named):
    """Gradients are written into arrays that are there already."""

    def __init__(self):
        super().__init__()
        self.grads["W"] = np.zeros((4, 3))

    def backward(self, dout=1):
        self.grads["W"][...] = self.recall().T @ dout
        return dout @ self.params["W"].T


class OfAMapping(Named):
    def __init__(self):
        super().__init__()
        self.params = self.p = collections.UserDict(self.params)


@dataclass(frozen=True)
class Frozen:
    params: dict = field(default_factory=lambda: {"W": weights()})
    grads: dict = field(default_factory=dict)
    kept: dict = field(default_factory=dict)

    def forward(self, x):
        self.kept["x"] = x
        return x @ self.params["W"]

    def backward(self, dout):
        self.grads["W"] = self.kept["x"].T @ dout
        return dout @ self.params["W"].T


class Property:
    def __init__(self):
        self._weights, self.grads = {"W": weights()}, {}

    @property
    def params(self):
        return self._weights

    def forward(self, x):
        self.x = x
        return x @ self._weights["W"]

    def backward(self, dout):
        self.grads["W"] = self.x.T @ dout
        return dout @ self._weights["W"].T


class WithALock(Named):
    """Holds what can't be copied: a lock, and the module it computes with."""

    def __init__(self):
        super().__init__()
        self.lock, self.tools = threading.Lock(), {"xp": np, "W": self.params["W"]}

    def forward(self, x):
        with self.lock:
            self.cache = x
            return self.tools["xp"].matmul(x, self.tools["W"])


KINDS = [Named, Within, InPlace, OfAMapping, Frozen, Property, WithALock]


@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_computes_with_arrays_of_its_own(kind):
    net = Network({"Own": kind()}, SoftmaxWithLoss())
    expected = net.gradient(X, T)["W1"].copy()
    copy = net.to(dtype="float32")
    assert copy.params["W1"].dtype == np.float32
    np.testing.assert_allclose(copy.gradient(X.astype("float32"), T)["W1"], expected, atol=1e-6)
    copy.params["W1"][...] = 0.0
    np.testing.assert_array_equal(copy.predict(X.astype("float32")), 0.0)
    np.testing.assert_array_equal(net.params["W1"], weights())
    np.testing.assert_allclose(net.gradient(X, T)["W1"], expected, rtol=0, atol=0)


@pytest.mark.parametrize("kind", KINDS)
def test_its_numerical_gradient_is_its_gradient(kind):
    net = Network({"Own": kind()}, SoftmaxWithLoss())
    numerical = net.numerical_gradient(X, T)["W1"]
    np.testing.assert_allclose(numerical, net.gradient(X, T)["W1"], rtol=0, atol=1e-9)
    assert gradcheck(net, X, T).ok


class Counting(Layer):
    """State under another name too."""

    def __init__(self):
        super().__init__()
        self.state["seen"] = np.zeros(4)
        self.buffer = self.state

    def forward(self, x, training=False):
        if training:
            self.buffer["seen"] = self.buffer["seen"] + 1
        return x

    def backward(self, dout=1):
        return dout


def test_a_copy_s_run_leaves_the_state_of_the_original():
    net = Network(
        {"Count": Counting(), "Affine": Affine(weights(), np.zeros(3))}, SoftmaxWithLoss()
    )
    net.numerical_gradient(X, T)
    np.testing.assert_array_equal(net.state_dict()["seen1"], 0.0)
    copy = net.to()
    copy.gradient(X, T)
    np.testing.assert_array_equal(copy.state_dict()["seen1"], 1.0)
    np.testing.assert_array_equal(net.state_dict()["seen1"], 0.0)


class Dropping(Layer):
    """Drops half of its inputs in training, drawn by a generator of its own."""

    def __init__(self):
        super().__init__()
        self.rng = np.random.default_rng(0)

    def forward(self, x, training=False):
        self.cache = self.rng.random(x.shape) > 0.5 if training else np.ones(x.shape)
        return x * self.cache

    def backward(self, dout=1):
        return dout * self.recall()


def dropping():
    first = Affine(np.random.default_rng(2).standard_normal((4, 5)), np.zeros(5))
    last = Affine(np.random.default_rng(3).standard_normal((5, 3)), np.zeros(3))
    return Network({"First": first, "Drop": Dropping(), "Last": last}, SoftmaxWithLoss())


@pytest.mark.parametrize("method", ["fast", "elementwise"])
def test_what_is_drawn_is_the_same_for_every_evaluation(method):
    """So that the numerical gradient is that of the pass which the generator stands before."""
    net = dropping()
    numerical = net.numerical_gradient(X, T, method=method)
    for name, gradient in net.gradient(X, T).items():
        np.testing.assert_allclose(numerical[name], gradient, rtol=0, atol=1e-8)
        assert np.any(gradient != 0)


def test_a_copy_draws_by_itself():
    net = dropping()
    expected = dropping().gradient(X, T)["W1"]
    net.to().gradient(X, T)
    np.testing.assert_array_equal(net.gradient(X, T)["W1"], expected)


def test_what_two_layers_share_their_copies_share():
    layers = {"A": Affine(weights(), np.zeros(3)), "B": Affine(np.eye(3), np.zeros(3))}
    shared = np.ones(3)
    for layer in layers.values():
        layer.constant = shared
    copy = Network(layers, SoftmaxWithLoss()).to()
    assert copy.layers["A"].constant is copy.layers["B"].constant
    assert copy.layers["A"].constant is not shared


@pytest.mark.parametrize("training", [True, False])
def test_the_checker_starts_both_passes_from_the_same_draws(training):
    assert gradcheck(dropping(), X, T, kwargs={"training": training}).ok
