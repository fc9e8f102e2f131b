"""What is not finite is refused where it enters, and where it would look like a result."""

import math

import numpy as np
import pytest

import backends
from backprop import (
    Affine,
    IdentityWithLoss,
    Network,
    NotFiniteError,
    SigmoidWithLoss,
    SoftmaxWithLoss,
    TwoLayerNet,
    load_network,
    load_params,
    save_network,
)
from backprop.finite import all_finite, check_finite
from tests.support import Case

X = np.random.default_rng(0).random((20, 6))
T = X[:, :3].argmax(axis=1)


@pytest.mark.needs_values
def test_what_is_finite(case: Case):
    for values, finite in (
        ([1.0, -3e38], True),
        ([1.0, math.nan], False),
        ([math.inf, 0.0], False),
        ([-math.inf], False),
    ):
        assert all_finite(case.array(np.asarray(values))) is finite
    check_finite(case.array([1.0]), "x")
    with pytest.raises(NotFiniteError, match="`x` must be finite; got nan, 2 times"):
        check_finite(case.array([math.nan, 1.0, math.nan, math.inf]), "x")
    with pytest.raises(NotFiniteError, match="`x` must be finite; got infinity, 1 times"):
        check_finite(case.array([1.0, -math.inf]), "x")


def test_integers_are_finite():
    check_finite(np.arange(3), "x")
    check_finite(np.ones(3, dtype=bool), "x")


def dead(backend="cpu", value=math.nan, last_layer=None):
    net = TwoLayerNet(6, 5, 3, backend=backend, seed=0, dtype="float64")
    net.params["W2"] *= value
    if last_layer:
        net.last_layer = last_layer
    return net


@pytest.mark.needs_values
@pytest.mark.needs_indices
def test_a_dead_network_has_no_accuracy(case: Case):
    net = TwoLayerNet(6, 5, 3, backend=case.backend, seed=0, dtype=case.dtype)
    x, t = case.array(X), case.backend.asarray(T)
    assert 0 <= net.accuracy(x, t) <= 1
    bad = X.copy()
    bad[3, 2], bad[11, 0] = math.nan, math.nan
    for size in (1, 7, 1000):
        with pytest.raises(NotFiniteError, match="scores must be finite; those of 2 of 20 are not"):
            net.accuracy(case.array(bad), t, size)
    net.params["b2"] = net.params["b2"] * math.nan
    with pytest.raises(NotFiniteError, match="those of 20 of 20 are not"):
        net.accuracy(x, t)
    if backends.is_host(x):
        with pytest.raises(NotFiniteError, match="those of 20 of 20 are not"):
            net.classify(x)
        with pytest.raises(NotFiniteError, match="those of 1 of 1 are not"):
            net.classify(x[0, ...])


def test_one_output_that_is_nan():
    net = Network({"Affine": Affine(np.full((6, 1), math.nan), np.zeros(1))}, SigmoidWithLoss())
    with pytest.raises(NotFiniteError, match="those of 20 of 20"):
        net.accuracy(X, np.zeros(20, int))


def test_a_masked_score_is_no_fault():
    net = Network(
        {"Affine": Affine(np.ones((6, 3)), np.array([0.0, 1.0, -math.inf]))}, SoftmaxWithLoss()
    )
    assert net.classify(X).tolist() == [1] * 20


def test_soft_labels_that_are_nan_have_no_accuracy():
    soft = np.eye(3)[T]
    soft[2] = math.nan
    with pytest.raises(NotFiniteError, match="`t` must be finite; got nan, 3 times"):
        TwoLayerNet(6, 5, 3, backend="cpu").accuracy(X, soft)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_parameters_that_are_not_finite_are_refused(value, tmp_path):
    net = TwoLayerNet(6, 5, 3, backend="cpu", seed=0)
    arrays = net.state_dict()
    arrays["b1"][2] = value
    what = "nan" if math.isnan(value) else "infinity"
    with pytest.raises(NotFiniteError, match=f"`b1` must be finite; got {what}, 1 times"):
        Network.from_params(arrays)
    with pytest.raises(NotFiniteError, match=f"`b1` must be finite; got {what}, 1 times"):
        net.load_state_dict(arrays)
    assert np.isfinite(net.params["b1"]).all()
    net.params["b1"] = arrays["b1"]
    save_network(tmp_path / "p", net)
    with pytest.raises(NotFiniteError, match=f"`b1` must be finite; got {what}, 1 times"):
        load_network(tmp_path / "p")
    assert not np.isfinite(load_params(tmp_path / "p")[0]["b1"]).all()  # to look at it


def test_softmax_of_one_output_is_refused():
    layer = SoftmaxWithLoss()
    for x, t in (
        (np.ones((4, 1)), np.zeros(4, int)),
        (np.ones(1), 0),
        (np.ones((4, 1)), np.ones((4, 1))),
    ):
        with pytest.raises(ValueError, match="SoftmaxWithLoss must have 2 or more outputs.*got 1"):
            layer.forward(x, t)
    net = TwoLayerNet(6, 5, 1, backend="cpu", seed=0)
    with pytest.raises(ValueError, match="SigmoidWithLoss takes one of yes or no"):
        net.gradient(X, np.zeros(20, int))
    for last in (SigmoidWithLoss(), IdentityWithLoss()):
        net.last_layer = last
        assert net.gradient(X, np.zeros(20))["W1"].any()
