import numpy as np
import pytest

import backends
from backprop import Relu, Sigmoid, SoftmaxWithLoss, Tanh, TwoLayerNet
from tests.support import Case


def test_shapes_and_names(case: Case):
    net = TwoLayerNet(7, 5, 3, backend=case.backend, dtype=case.dtype, seed=0)
    assert {name: tuple(p.shape) for name, p in net.params.items()} == {
        "W1": (7, 5),
        "b1": (5,),
        "W2": (5, 3),
        "b2": (3,),
    }
    assert list(net.layers) == ["Affine1", "Relu1", "Affine2"]
    assert type(net.last_layer) is SoftmaxWithLoss
    assert net.backend == case.backend
    for p in net.params.values():
        assert p.dtype == case.backend.dtype(case.dtype)
        assert backends.device(p) == case.backend.device


@pytest.mark.needs_values
def test_a_seed_gives_the_same_weights_on_every_library(case: Case):
    net = TwoLayerNet(7, 5, 3, backend=case.backend, dtype=case.dtype, seed=1)
    reference = TwoLayerNet(7, 5, 3, backend="cpu", dtype=case.dtype, seed=1)
    for name, p in net.params.items():
        np.testing.assert_array_equal(case.numpy(p), reference.params[name])


def test_weights_start_normal_and_biases_at_zero():
    net = TwoLayerNet(400, 50, 3, 0.5, backend="cpu", seed=2)
    assert np.std(net.params["W1"]) == pytest.approx(0.5, rel=0.02)
    assert not np.any(net.params["b1"])
    other = TwoLayerNet(400, 50, 3, 0.5, backend="cpu")
    assert not np.array_equal(other.params["W1"], net.params["W1"])


@pytest.mark.parametrize(("name", "layer"), [("relu", Relu), ("sigmoid", Sigmoid), ("tanh", Tanh)])
def test_the_activation_is_chosen_by_name(name, layer):
    net = TwoLayerNet(2, 3, 2, activation=name, backend="cpu")
    assert type(net.layers[f"{layer.__name__}1"]) is layer


def test_the_environment_decides_the_backend(monkeypatch):
    monkeypatch.setenv("BACKPROP_LIBRARY", "array-api-strict")
    monkeypatch.setenv("BACKPROP_DEVICE", "device1")
    assert str(TwoLayerNet(2, 3, 2).backend) == "array-api-strict on device1"


def test_bad_input():
    with pytest.raises(ValueError, match=r"`hidden_size` must be 1 or more; got 0"):
        TwoLayerNet(2, 0, 2)
    with pytest.raises(
        ValueError, match="`activation` must be one of relu, sigmoid, tanh; got 'x'"
    ):
        TwoLayerNet(2, 3, 2, activation="x")
    with pytest.raises(TypeError, match="`dtype` must be one that numpy on cpu has .*got 'int'"):
        TwoLayerNet(2, 3, 2, dtype="int")
