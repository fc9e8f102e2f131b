from collections.abc import MutableMapping

import numpy as np
import pytest

from backprop import SGD, Affine, Layer, Network, Relu, SoftmaxWithLoss, TwoLayerNet


class Holder(Layer):
    def __init__(self, params=(), state=()):
        super().__init__()
        self.params = {key: np.zeros(2) for key in params}
        self.state = {key: np.zeros(2) for key in state}


def names(*layers):
    net = Network({str(i): layer for i, layer in enumerate(layers)}, SoftmaxWithLoss())
    return list(net.state_dict())


def test_each_kind_of_layer_counts_for_itself():
    affine, norm = ("W", "b"), (("gamma", "beta"), ("mean", "var"))
    found = names(Holder(affine), Holder(*norm), Relu(), Holder(affine), Holder(*norm))
    assert " ".join(found) == "W1 b1 gamma1 beta1 mean1 var1 W2 b2 gamma2 beta2 mean2 var2"


def test_keys_of_one_layer_have_one_number():
    """One more than the highest that any of them has had."""
    assert names(Holder("W"), Holder("Wb"), Holder("b")) == ["W1", "W2", "b2", "b3"]
    assert names(Holder("b"), Holder("b"), Holder("Wb")) == ["b1", "b2", "W3", "b3"]
    assert names(Holder("W", "m"), Holder("", "m"), Holder("W", "m"))[-2:] == ["W3", "m3"]


def test_a_key_may_not_be_both_learnt_and_kept():
    with pytest.raises(ValueError, match="got W1 twice"):
        names(Holder("W", "W"))


def test_parameters_are_a_mutable_mapping_of_fixed_names():
    net = TwoLayerNet(6, 5, 3, backend="cpu", seed=0)
    params = net.params
    assert isinstance(params, MutableMapping)
    params.update({"b1": np.ones(5, "float32")})
    assert net.layers["Affine1"].b.tolist() == [1] * 5
    assert params.setdefault("b1") is net.layers["Affine1"].b
    for delete in (
        lambda: params.pop("W1"),
        lambda: params.__delitem__("W1"),
        params.popitem,
        params.clear,
    ):
        with pytest.raises(TypeError, match="a parameter can't be deleted.*; got 'W1'"):
            delete()
    with pytest.raises(KeyError, match="parameter must be one of W1, b1, W2, b2; got 'W3'"):
        params.setdefault("W3", np.ones(1))
    assert list(params) == ["W1", "b1", "W2", "b2"]


def test_where_each_parameter_is_held():
    net = Network(
        {"a": Affine(np.ones((2, 2)), np.zeros(2)), "r": Relu(), "s": Holder("s", "n")},
        SoftmaxWithLoss(),
    )
    slots = net.params.slots
    assert {name: (slot.layer, slot.key) for name, slot in slots.items()} == {
        "W1": (net.layers["a"], "W"),
        "b1": (net.layers["a"], "b"),
        "s1": (net.layers["s"], "s"),
    }
    del slots["W1"]
    assert "W1" in net.params


class Lazy(Layer):
    """Makes its arrays in the first pass, when it sees how wide its input is."""

    def forward(self, x, training=False):
        self.params.setdefault("W", np.full((x.shape[1], 3), 0.5))
        self.state.setdefault("seen", np.zeros(()))
        self.cache = x
        return x @ self.params["W"]

    def backward(self, dout=1):
        self.grads["W"] = self.recall().T @ dout
        return dout @ self.params["W"].T


def test_arrays_made_in_the_first_pass_are_learnt_kept_and_copied():
    rng = np.random.default_rng(0)
    x, t = rng.standard_normal((6, 4)), np.arange(6) % 3
    net = Network({"Lazy": Lazy(), "Affine": Affine(np.eye(3), np.zeros(3))}, SoftmaxWithLoss())
    assert list(net.params) == ["W1", "b1"]
    grads = net.gradient(x, t)
    assert list(grads) == list(net.params) == ["W1", "W2", "b2"]
    assert grads["W1"].shape == (4, 3)
    assert list(net.state_dict()) == ["W1", "seen1", "W2", "b2"]
    first = net.loss(x, t)
    for _ in range(20):
        SGD(0.5).update(net.params, net.gradient(x, t))
    assert net.loss(x, t) < 0.9 * first
    net.load_state_dict(net.to().state_dict())
