import copy
import pickle

import numpy as np
import pytest

import backends
from backprop import (
    SGD,
    Affine,
    IdentityWithLoss,
    Layer,
    Network,
    Relu,
    SoftmaxWithLoss,
    TwoLayerNet,
)
from tests.support import Case

X, T = np.random.default_rng(1).random((4, 6)), np.array([2, 0, 1, 2])


class Counts(Layer):
    """Passes its input on, and counts its training passes."""

    def __init__(self, count):
        super().__init__()
        self.state = {"count": count}

    def forward(self, x, training=False):
        if training:
            self.state["count"] = self.state["count"] + 1
        return x

    def backward(self, dout=1):
        return dout


def small(case: Case, seed=0) -> TwoLayerNet:
    return TwoLayerNet(6, 5, 3, 0.5, backend=case.backend, dtype=case.dtype, seed=seed)


def counting(dtype="float64"):
    affine = Affine(np.ones((6, 3), dtype), np.zeros(3, dtype))
    return Network({"Counts": Counts(np.asarray(0)), "Affine": affine}, SoftmaxWithLoss())


@pytest.mark.needs_values
def test_a_state_dict_is_a_snapshot(case: Case):
    net = small(case)
    held = net.state_dict()
    assert list(held) == list(net.params)
    before = {name: case.numpy(x) for name, x in held.items()}
    SGD(0.5).update(net.params, net.gradient(case.array(X), case.array(T)))
    for name, x in held.items():
        case.check(x, before[name])
        assert np.any(case.numpy(net.params[name]) != before[name])
    net.load_state_dict(held)
    net.params["W1"] -= net.params["W1"]
    case.check(held["W1"], before["W1"])


@pytest.mark.needs_values
def test_arrays_of_any_library_and_dtype_are_taken(case: Case):
    given = TwoLayerNet(6, 5, 3, 0.5, backend="cpu", dtype="float32", seed=1).state_dict()
    strict = backends.select("device1", "array-api-strict")
    for arrays in (
        given,
        {name: strict.asarray(x) for name, x in given.items()},
        {name: x.tolist() for name, x in given.items()},
        {name: case.backend.asarray(x) for name, x in given.items()},
        {name: x.astype("float64") for name, x in reversed(given.items())},
    ):
        net = small(case)
        net.load_state_dict(arrays)
        for name, x in net.params.items():
            case.check(x, given[name].astype(case.dtype))
    zeros = {name: np.zeros(x.shape, int) for name, x in given.items()}
    net.load_state_dict(zeros)
    case.check(net.params["W1"], zeros["W1"].astype(case.dtype))


def test_what_is_missing_and_unexpected_is_said_at_once_and_nothing_changed():
    net = TwoLayerNet(6, 5, 3, backend="cpu", seed=0)
    before = net.state_dict()
    other = TwoLayerNet(6, 5, 3, backend="cpu", seed=1).state_dict()
    wrong = {**other, "W2": other["W2"].T, "c1": np.ones(1), "d1": np.ones(1)}
    del wrong["b1"], wrong["b2"]
    with pytest.raises(
        ValueError,
        match=r"^the arrays must be those of the network; missing: b1, b2; unexpected: c1, d1; "
        r"`W2` must have shape \(5, 3\), got \(3, 5\)$",
    ):
        net.load_state_dict(wrong)
    with pytest.raises(TypeError, match="`b2` must be real; got complex128"):
        net.load_state_dict({**other, "b2": np.zeros(3) * 1j})
    with pytest.raises(TypeError, match="an array must hold numbers; got dtype"):
        net.load_state_dict({**other, "b2": ["a", "b", "c"]})
    for name, x in before.items():
        np.testing.assert_array_equal(net.params[name], x)


def test_whole_numbers_stay_whole():
    net = counting("float32")
    for _ in range(3):
        net.gradient(X, T)
    assert net.state_dict()["count1"] == 3
    wide = net.to(dtype="float64")
    assert wide.state_dict()["count1"].dtype == net.state_dict()["count1"].dtype
    assert wide.params["W1"].dtype == np.float64
    with pytest.raises(TypeError, match="`count1` must be int64; got float64"):
        net.load_state_dict({**net.state_dict(), "count1": np.asarray(1.5)})
    net.load_state_dict({**net.state_dict(), "count1": np.asarray(7, dtype="int8")})
    assert net.state_dict()["count1"].dtype == np.int64


def test_a_network_without_arrays():
    net = Network({"Relu": Relu()}, SoftmaxWithLoss())
    assert net.state_dict() == {}
    net.load_state_dict({})
    with pytest.raises(ValueError, match="unexpected: W1"):
        net.load_state_dict({"W1": np.ones(1)})


def test_state_alone_decides_the_backend_and_no_dtype():
    net = Network({"Counts": Counts(np.asarray(0))}, SoftmaxWithLoss())
    assert net.backend == backends.host()
    assert net.dtype is None
    assert net.predict(X).dtype == np.float64
    assert net.gradient(X[:, :3], T) == {}
    assert net.state_dict() == {"count1": 1}


def test_the_state_of_a_loss_layer_travels_too():
    class CountingLoss(SoftmaxWithLoss):
        def __init__(self):
            super().__init__()
            self.state = {"count": np.asarray(0)}

        def forward(self, x, t, training=False):
            self.state["count"] = self.state["count"] + training
            return super().forward(x, t)

    net = Network({"Affine": Affine(np.ones((6, 3)), np.zeros(3))}, CountingLoss())
    other = net.to()
    other.gradient(X, T)
    assert (net.state_dict()["count1"], other.state_dict()["count1"]) == (0, 1)


def test_state_must_be_where_the_network_is():
    strict = backends.select("device1", "array-api-strict")
    layers = counting().layers
    layers["Counts"].state["count"] = strict.asarray(0)
    with pytest.raises(TypeError, match="`W1` must be an array of array-api-strict on device1"):
        Network(layers, SoftmaxWithLoss())
    layers = {"Affine": layers["Affine"], "Counts": layers["Counts"]}
    with pytest.raises(TypeError, match="`count1` must be an array of numpy on cpu"):
        Network(layers, SoftmaxWithLoss())


def test_a_foreign_layer_may_call_something_else_its_state():
    class Foreign:
        state = "idle"

        def forward(self, x):
            return x

        def backward(self, dout=1):
            return dout

    net = Network({"a": Foreign(), "b": Affine(np.ones((6, 3)), np.zeros(3))}, SoftmaxWithLoss())
    assert list(net.state_dict()) == ["W1", "b1"]
    assert net.to().layers["a"].state == "idle"


def test_params_must_be_a_dictionary():
    class Listed(Affine):
        def __init__(self, W, b):
            super().__init__(W, b)
            self.params = [W, b]

    with pytest.raises(TypeError, match="`params` of Listed must be a dictionary; got list"):
        Network({"a": Listed(np.ones((6, 3)), np.zeros(3))}, SoftmaxWithLoss())


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))])
@pytest.mark.needs_values
def test_used_networks_can_be_copied_and_pickled(case: Case, duplicate):
    net = small(case)
    net.gradient(case.array(X), case.array(T))
    other = duplicate(net)
    assert other.backend == net.backend
    assert other.dtype == net.dtype
    loss = case.numpy(net.loss(case.array(X), case.array(T)))
    np.testing.assert_array_equal(case.numpy(other.loss(case.array(X), case.array(T))), loss)
    before = case.numpy(net.params["W1"])
    SGD(0.5).update(other.params, other.gradient(case.array(X), case.array(T)))
    case.check(net.params["W1"], before)
    case.check(other.layers["Affine1"].W, case.numpy(other.params["W1"]))
    assert np.any(case.numpy(other.params["W1"]) != before)
    params = duplicate(net.params)
    assert list(params) == list(net.params)
    case.check(params["W1"], before)


@pytest.mark.parametrize("library", ["numpy", "torch", "jax", "array-api-strict"])
@pytest.mark.filterwarnings("ignore:overflow encountered in cast:RuntimeWarning")  # NumPy's own
def test_a_value_that_does_not_fit_is_refused_and_nothing_changed(library):
    if library != "array-api-strict":
        pytest.importorskip(library)
    net = counting("float32").to("cpu", library)
    before = net.state_dict()
    kept = {name: np.zeros((), "int64") if name == "count1" else x for name, x in before.items()}
    net.layers["Counts"].state["count"] = net.backend.asarray(np.zeros((), "int32"))
    for name, value in (("count1", np.array(2**40)), ("W1", np.full((6, 3), 1e300))):
        with pytest.raises(OverflowError, match=f"`{name}` must hold values that .* has; "):
            net.load_state_dict({**kept, name: value})
    np.testing.assert_array_equal(net.backend.to_numpy(net.params["W1"]), 1.0)


@pytest.mark.parametrize("given", [None, 3, [], "a"])
def test_arrays_must_come_by_name(given):
    with pytest.raises(TypeError, match=f"must be a mapping by name; got {type(given).__name__}"):
        counting().load_state_dict(given)


def test_arrays_that_come_late_are_taken_in():
    class Late(Layer):
        """Keeps what it has met from its second pass on."""

        passes = 0

        def forward(self, x):
            self.passes += 1
            if self.passes > 1:
                self.state["met"] = x[0, ...]
            return x

        def backward(self, dout):
            return dout

    net = Network({"a": Affine(np.eye(2), np.zeros(2)), "late": Late()}, IdentityWithLoss())
    x = np.array([[1.0, 2.0]])
    net.gradient(x, x)
    assert set(net.state_dict()) == {"W1", "b1", "late.passes"}
    net.gradient(x, x)
    np.testing.assert_array_equal(net.state_dict()["met1"], [1.0, 2.0])
