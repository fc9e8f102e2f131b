import inspect
import json
import pickle
import re

import numpy as np
import pytest

from backprop import (
    Affine,
    BatchNormalization,
    Convolution,
    Dropout,
    ExpLayer,
    IdentityWithLoss,
    LayerNormalization,
    LogLayer,
    Network,
    Pooling,
    Relu,
    Sigmoid,
    SigmoidWithLoss,
    SoftmaxWithLoss,
    Tanh,
    Trainer,
    TwoLayerNet,
    load_network,
    load_params,
    save_network,
    save_params,
)
from backprop.layers import Layer
from backprop.networks.architecture import KINDS, describe, rebuild
from tests.support import Case

RNG = np.random.default_rng(2)
X, T = RNG.standard_normal((4, 6)), np.array([2, 0, 1, 2])


def deep(case: Case, loss=SoftmaxWithLoss) -> Network:
    rng = np.random.default_rng(1)
    values = [case.backend.asarray(rng.random(s), case.dtype) for s in ((6, 5), (5,), (5, 3), (3,))]
    W1, b1, W2, b2 = values
    layers = {
        "squash": Tanh(),
        "in": Affine(W1, b1),
        "hidden": Sigmoid(),
        "exp": ExpLayer(),
        "log": LogLayer(),
        "relu": Relu(),
        "out": Affine(W2, b2),
    }
    return Network(layers, loss())


@pytest.mark.parametrize("loss", [SoftmaxWithLoss, SigmoidWithLoss, IdentityWithLoss])
@pytest.mark.needs_values
def test_a_network_comes_back_as_it_was(case: Case, tmp_path, loss):
    net = deep(case, loss)
    save_network(tmp_path / "n", net, {"note": "hello"})
    assert load_params(tmp_path / "n")[1]["note"] == "hello"
    other = load_network(tmp_path / "n", backend=case.backend)
    assert other.backend == case.backend
    assert {n: type(x) for n, x in other.layers.items()} == {
        n: type(x) for n, x in net.layers.items()
    }
    assert type(other.last_layer) is loss
    for name, value in net.params.items():
        case.check(other.params[name], case.numpy(value))
    x, t = case.array(X), case.array(T)
    np.testing.assert_array_equal(case.numpy(other.loss(x, t)), case.numpy(net.loss(x, t)))
    for name, value in net.gradient(x, t).items():
        np.testing.assert_array_equal(case.numpy(other.gradient(x, t)[name]), case.numpy(value))


def test_the_order_of_layers_and_names_is_kept(tmp_path):
    """The file sorts its arrays; the description says where they belong."""
    layers = {
        f"a{i}": Affine(np.full((2, 2), float(i)), np.full(2, float(i))) for i in range(12, 0, -1)
    }
    save_network(tmp_path / "n", Network(layers, SoftmaxWithLoss()))
    other = load_network(tmp_path / "n")
    assert list(other.layers) == list(layers)
    assert [layer.b.tolist() for layer in other.layers.values()] == [
        [i, i] for i in range(12, 0, -1)
    ]


def test_backend_and_dtype_are_chosen_when_loading(tmp_path, monkeypatch):
    save_network(tmp_path / "n", TwoLayerNet(6, 5, 3, backend="cpu", seed=0))
    assert load_network(tmp_path / "n").dtype == np.float32
    assert load_network(tmp_path / "n", dtype="float64").dtype == np.float64
    monkeypatch.setenv("BACKPROP_LIBRARY", "array-api-strict")
    monkeypatch.setenv("BACKPROP_DEVICE", "device1")
    assert str(load_network(tmp_path / "n").backend) == "array-api-strict on device1"
    assert str(load_network(tmp_path / "n", backend="cpu").backend) == "array-api-strict on cpu"


def test_a_file_that_does_not_say_is_an_affine_stack(tmp_path):
    params = TwoLayerNet(6, 5, 3, 0.5, backend="cpu", seed=0).params
    save_params(tmp_path / "a", params)
    save_params(tmp_path / "b", params, {"activation": "tanh"})
    np.savez(tmp_path / "c.npz", **params)
    (tmp_path / "d").write_bytes(pickle.dumps(dict(params)))
    for name, asked, activation in (
        ("a", None, Relu),
        ("a", "sigmoid", Sigmoid),
        ("b", None, Tanh),
        ("b", "tanh", Tanh),
        ("c.npz", "tanh", Tanh),
        ("d", "sigmoid", Sigmoid),
    ):
        net = load_network(tmp_path / name, activation=asked)
        assert [type(layer) for layer in net.layers.values()] == [Affine, activation, Affine]
        np.testing.assert_array_equal(net.params["W2"], params["W2"])


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"a": np.ones(3)}, "`params` must hold W1, b1, ..., Wn, bn; got a"),
        (
            {"W1": np.ones((2, 3, 1)), "b1": np.ones(3)},
            r"`W` must have shape \(D, M\); got \(2, 3, 1",
        ),
        ({"W1": np.ones((2, 3)), "b1": np.ones(4)}, r"`b` must have shape \(3,\), .*; got \(4,\)"),
        (
            {"W1": np.ones((2, 3)), "b1": np.ones(3, int)},
            "`b` must have the dtype of W, float64; got",
        ),
    ],
)
def test_parameters_that_are_no_affine_stack_are_refused_by_the_files_name(
    tmp_path, arrays, message
):
    np.savez(tmp_path / "p.npz", **arrays)
    start = f"^{tmp_path}/p.npz must describe a network of this library: "
    with pytest.raises(ValueError, match=start + message):
        load_network(tmp_path / "p.npz")


@pytest.mark.parametrize("name", ["zz", 3, ["relu"]])
def test_an_activation_that_is_none_is_the_arguments_error(tmp_path, name):
    np.savez(tmp_path / "p.npz", W1=np.ones((2, 3)), b1=np.ones(3))
    message = "^`activation` must be one of relu, sigmoid, tanh; got "
    with pytest.raises(ValueError, match=message + re.escape(repr(name))):
        load_network(tmp_path / "p.npz", activation=name)
    with pytest.raises(TypeError, match="^`dtype` must be one that numpy on cpu has"):
        load_network(tmp_path / "p.npz", dtype="bfloat16", backend="cpu")


@pytest.mark.parametrize("described", [True, False])
def test_an_activation_that_contradicts_the_file(tmp_path, described):
    net, path = TwoLayerNet(6, 5, 3, activation="tanh", backend="cpu"), tmp_path / "n"
    if described:
        save_network(path, net)
    else:
        save_params(path, net.params, {"activation": "tanh"})
    assert type(load_network(path, activation="tanh").layers["Tanh1"]) is Tanh
    with pytest.raises(
        ValueError, match=f"`activation` must be tanh, as {re.escape(str(path))} says; got relu"
    ):
        load_network(path, activation="relu")


def test_one_layer_contradicts_no_activation(tmp_path):
    net = Network({"a": Affine(np.ones((6, 3)), np.zeros(3))}, SoftmaxWithLoss())
    save_network(tmp_path / "n", net)
    assert list(load_network(tmp_path / "n", activation="relu").layers) == ["a"]


class Swish(Layer):
    pass


class Own(Relu):
    """Not the library's, though it is called as if it were."""


Own.__name__ = "Relu"


@pytest.mark.parametrize("layer", [Swish, Own])
def test_foreign_layers_are_refused_and_nothing_written(tmp_path, layer):
    affine = Affine(np.ones((6, 3)), np.zeros(3))
    net = Network({"in": affine, "act": layer()}, SoftmaxWithLoss())
    with pytest.raises(
        TypeError,
        match=rf"layer 'act' must be one of Affine, .*, Tanh to be described; got .*{layer.__qualname__}: "
        r"use save_params\(path, net\.state_dict\(\)\)",
    ):
        save_network(tmp_path / "n", net)
    net = Network({"in": affine}, layer())
    with pytest.raises(TypeError, match="layer 'last_layer' must be one of"):
        save_network(tmp_path / "n", net)
    assert list(tmp_path.iterdir()) == []


def test_a_network_that_computes_in_its_own_way_is_refused(tmp_path):
    class Halved(TwoLayerNet):
        def predict(self, x, **mode):
            return super().predict(x, **mode) / 2

    class Sure(TwoLayerNet):
        def accuracy(self, x, t, batch_size=1000, **mode):
            return 1.0

    with pytest.raises(TypeError, match="must have the library's own predict to be .*; got Halved"):
        save_network(tmp_path / "n", Halved(6, 5, 3, backend="cpu"))
    with pytest.raises(TypeError, match="the library's own accuracy to be .*; got Sure"):
        save_network(tmp_path / "n", Sure(6, 5, 3, backend="cpu"))
    net = TwoLayerNet(6, 5, 3, backend="cpu")
    net.loss = lambda x, t: 0.0
    with pytest.raises(TypeError, match="the library's own loss to be .*; got TwoLayerNet"):
        save_network(tmp_path / "n", net)


def test_metadata_may_not_take_the_descriptions_place(tmp_path):
    with pytest.raises(ValueError, match="`metadata` must leave the key 'network'"):
        save_network(tmp_path / "n", TwoLayerNet(6, 5, 3, backend="cpu"), {"network": "x"})


def test_the_description_is_names_and_values():
    net = TwoLayerNet(6, 5, 3, backend="cpu", seed=0)
    assert describe(net) == {
        "layers": [
            {
                "name": "Affine1",
                "kind": "Affine",
                "config": {},
                "params": {"W": "W1", "b": "b1"},
            },
            {"name": "Relu1", "kind": "Relu", "config": {}, "params": {}},
            {
                "name": "Affine2",
                "kind": "Affine",
                "config": {},
                "params": {"W": "W2", "b": "b2"},
            },
        ],
        "last_layer": {"kind": "SoftmaxWithLoss", "config": {}, "params": {}},
    }
    other = rebuild(json.loads(json.dumps(describe(net))), net.state_dict())
    other.params["W1"] -= other.params["W1"]
    assert np.any(net.params["W1"])


def test_numbers_of_numpy_are_described_as_numbers(tmp_path):
    layers = TwoLayerNet(6, 5, 3, activation="sigmoid", backend="cpu", seed=0).layers
    dropout = Dropout(0.5, seed=1, inverted=np.bool_(False))
    net = Network({**layers, "Dropout": dropout}, SoftmaxWithLoss())
    net.weight_decay_lambda = np.float32(0.25)
    save_network(tmp_path / "a", net)
    Trainer(net).save(tmp_path / "b")
    for name in ("a", "b"):
        other = load_network(tmp_path / name)
        assert list(other.layers) == ["Affine1", "Sigmoid1", "Affine2", "Dropout"]
        assert other.layers["Dropout"].inverted is False
        assert other.weight_decay_lambda == 0.25
        assert type(other.weight_decay_lambda) is float


def test_every_layer_with_one_input_can_be_named():
    assert set(KINDS) == {
        *("Affine", "ExpLayer", "LogLayer", "Relu", "Sigmoid", "Tanh"),
        *("IdentityWithLoss", "SigmoidWithLoss", "SoftmaxWithLoss"),
        *("BatchNormalization", "Convolution", "Dropout", "Flatten"),
        *("LayerNormalization", "Pooling"),
    }


ARGUMENTS = [
    LayerNormalization(np.ones(3), np.zeros(3), eps=0.5),
    BatchNormalization(np.ones(3), np.zeros(3), momentum=0.5, eps=0.25),
    Convolution(np.ones((2, 1, 3, 3)), np.zeros(2), stride=2, pad=1),
    Pooling(2, 3, stride=2, pad=1, mode="average"),
    Dropout(0.25, seed=7, inverted=False),
]


@pytest.mark.parametrize("layer", ARGUMENTS, ids=lambda layer: type(layer).__name__)
def test_arguments_come_back_and_are_none_that_would_be_there_without(tmp_path, layer):
    arguments, own = layer.config(), list(inspect.signature(type(layer)).parameters.values())
    layers = {"own": layer, "affine": Affine(np.ones((3, 3)), np.zeros(3))}
    save_network(tmp_path / "n", Network(layers, SoftmaxWithLoss()))
    assert load_network(tmp_path / "n").layers["own"].config() == arguments
    assert arguments.keys() == {each.name for each in own} - {*layer.params, *layer.state}
    assert all(arguments[each.name] != each.default for each in own if each.name in arguments)


def test_arguments_and_state_come_back(tmp_path, monkeypatch):
    """As they will for layers of later chapters: `Kind(**params, **config)`, then the state."""

    class Norm(Layer):
        def __init__(self, gamma, momentum=0.9):
            super().__init__()
            self.params = {"gamma": gamma}
            self.state = {"mean": 0 * gamma}
            self.momentum = momentum

        def config(self):
            return {"momentum": self.momentum}

        def forward(self, x):
            return x - self.state["mean"]

    monkeypatch.setitem(KINDS, "Norm", Norm)
    norm = Norm(np.ones(3), momentum=0.5)
    norm.state["mean"] += 7
    save_network(tmp_path / "n", Network({"norm": norm}, SoftmaxWithLoss()))
    other = load_network(tmp_path / "n").layers["norm"]
    assert other.momentum == 0.5
    assert other.state["mean"].tolist() == [7, 7, 7]


def entry(**changes):
    return {"name": "a", "kind": "Affine", "config": {}, "params": {"W": "W1", "b": "b1"}} | changes


LOSS = {"kind": "SoftmaxWithLoss", "config": {}, "params": {}}


@pytest.mark.parametrize(
    ("description", "message"),
    [
        ("{", "Expecting property name"),
        ("[" * 100_000, "recursion"),
        ("null", "TypeError: 'NoneType' object is not subscriptable"),
        ("[]", "TypeError: list indices"),
        ("{}", "KeyError: 'layers'"),
        ({"layers": [entry()]}, "KeyError: 'last_layer'"),
        (
            {"layers": [entry(kind="os.system")], "last_layer": LOSS},
            "a layer before the last must be one of Affine, .*, Tanh; got 'os.system'",
        ),
        ({"layers": [entry(kind="Layer")], "last_layer": LOSS}, "got 'Layer'"),
        ({"layers": [entry(kind=["Relu"])], "last_layer": LOSS}, "TypeError: .*unhashable"),
        ({"layers": [entry(config={"c": 1})], "last_layer": LOSS}, "unexpected keyword .*'c'"),
        ({"layers": [entry(config={"W": 1})], "last_layer": LOSS}, "multiple values .*'W'"),
        ({"layers": [entry(config=1)], "last_layer": LOSS}, "TypeError: "),
        ({"layers": [entry(params={"W": "W1"})], "last_layer": LOSS}, "missing 1 required .*'b'"),
        ({"layers": [entry(params={"W": "W1", "b": "b2"})], "last_layer": LOSS}, "KeyError: 'b2'"),
        ({"layers": [entry(params=[])], "last_layer": LOSS}, "AttributeError: "),
        ({"layers": [entry(params={"W": "b1", "b": "W1"})], "last_layer": LOSS}, "`W` must have"),
        ({"layers": [], "last_layer": LOSS}, "unexpected: W1, b1"),
        ({"layers": [entry()], "last_layer": {**LOSS, "kind": "Relu"}}, "WithLoss; got 'Relu'"),
        ({"layers": [{**LOSS, "name": "a"}], "last_layer": LOSS}, "got 'SoftmaxWithLoss'"),
        ({"layers": [entry(), entry()], "last_layer": LOSS}, "a name of its own; got 'a'"),
        ({"layers": [entry()], "last_layer": 3}, "TypeError: "),
        ({"layers": 3, "last_layer": LOSS}, "TypeError: "),
        ({"layers": [entry()], "last_layer": {**LOSS, "kind": "x" * 10_000}}, "got 'xxx"),
    ],
)
def test_files_that_describe_no_network(tmp_path, description, message):
    path = tmp_path / "file"
    text = description if isinstance(description, str) else json.dumps(description)
    params = {"W1": np.ones((6, 3)), "b1": np.zeros(3)}
    save_params(path, params, {"network": text})
    with pytest.raises(ValueError, match=message) as error:
        load_network(path)
    assert str(error.value).startswith(f"{path} must describe a network of this library: ")
    assert len(str(error.value)) < 500 + len(str(path))


def test_arrays_that_are_not_the_networks(tmp_path):
    net = TwoLayerNet(6, 5, 3, backend="cpu")
    text = json.dumps(describe(net))
    save_params(tmp_path / "n", {**net.state_dict(), "W3": np.ones(1)}, {"network": text})
    with pytest.raises(ValueError, match="unexpected: W3"):
        load_network(tmp_path / "n")
    save_params(tmp_path / "n", {**net.state_dict(), "W2": np.ones((5, 3))}, {"network": text})
    with pytest.raises(ValueError, match="`b` must have the dtype of W, float64; got float32"):
        load_network(tmp_path / "n")
