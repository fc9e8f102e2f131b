"""The book's networks of chapters 6 to 8: names, sizes, gradients, files, trained parameters."""

import os
from pathlib import Path

import numpy as np
import pytest

import backends
from backprop import (
    SGD,
    Adam,
    Affine,
    DeepConvNet,
    Dropout,
    MultiLayerNet,
    MultiLayerNetExtend,
    Network,
    SimpleConvNet,
    SoftmaxWithLoss,
    Tanh,
    Trainer,
    TwoLayerNet,
    gradcheck,
    load_mnist,
    load_network,
    load_params,
    save_network,
    summary,
)
from tests.support import Case, central_difference

RNG = np.random.default_rng(0)
ROWS, CLASSES = RNG.standard_normal((6, 5)), np.arange(6) % 3
PICTURES = RNG.standard_normal((6, 1, 8, 8))
SMALL = {
    f"conv_param_{i}": {"filter_num": 2, "filter_size": 3, "pad": 2 if i == 4 else 1}
    for i in range(1, 7)
}


def multi_layer(**how):
    return MultiLayerNetExtend(
        5, [4, 3], 3, **{"activation": "tanh", "seed": 1, "dtype": "float64", **how}
    )


def simple(**how):
    param = {"filter_num": 2, "filter_size": 3, "pad": 0, "stride": 1}
    return SimpleConvNet((1, 8, 8), param, 4, 3, "he", **{"seed": 1, "dtype": "float64", **how})


def deep(**how):
    return DeepConvNet(
        (1, 8, 8), **SMALL, hidden_size=5, output_size=3, **{"seed": 1, "dtype": "float64", **how}
    )


EVERYTHING = {"weight_decay_lambda": 0.1, "use_dropout": True, "use_batchnorm": True}
NETS = {
    "multi-layer": (
        lambda **how: MultiLayerNet(5, [4, 3], 3, "sigmoid", **{"seed": 1, **how}),
        ROWS,
    ),
    "weight decay": (lambda **how: multi_layer(weight_decay_lambda=0.1, **how), ROWS),
    "everything": (lambda **how: multi_layer(**EVERYTHING, **how), ROWS),
    "simple": (simple, PICTURES),
    "deep": (deep, PICTURES),
}
nets = pytest.mark.parametrize("kind", NETS)


def off_the_kinks(net):
    """Biases that are not 0: a window of zeros would lie on the kink of Relu."""
    rng = np.random.default_rng(5)
    for name, value in net.params.items():
        if name.startswith("b"):
            net.params[name] = rng.uniform(-0.2, 0.2, value.shape)
    return net


def test_names_and_sizes_are_the_books():
    assert list(MultiLayerNet(5, [4, 3], 2).layers) == [
        *("Affine1", "Activation_function1", "Affine2", "Activation_function2", "Affine3")
    ]
    net = multi_layer(**EVERYTHING)
    assert list(net.layers)[:5] == [
        *("Affine1", "BatchNorm1", "Activation_function1", "Dropout1", "Affine2")
    ]
    assert list(net.params) == [
        *("W1", "b1", "gamma1", "beta1", "W2", "b2", "gamma2", "beta2", "W3", "b3")
    ]
    assert list(net.state_dict())[4:6] == ["running_mean1", "running_var1"]
    net = SimpleConvNet()
    assert list(net.layers) == ["Conv1", "Relu1", "Pool1", "Affine1", "Relu2", "Affine2"]
    assert [tuple(p.shape) for p in net.params.values()] == [
        *((30, 1, 5, 5), (30,), (4320, 100), (100,), (100, 10), (10,))
    ]
    net = DeepConvNet()
    assert [tuple(net.params[f"W{i}"].shape) for i in range(1, 9)] == [
        *((16, 1, 3, 3), (16, 16, 3, 3), (32, 16, 3, 3), (32, 32, 3, 3)),
        *((64, 32, 3, 3), (64, 64, 3, 3), (1024, 50), (50, 10)),
    ]
    assert not net.layers["Dropout1"].inverted


def test_weights_at_the_start():
    net = MultiLayerNet(400, [300, 200], 10, weight_init_std="he", seed=0)
    for name, inputs in (("W1", 400), ("W2", 300), ("W3", 200)):
        assert np.std(net.params[name]) == pytest.approx((2 / inputs) ** 0.5, rel=0.03)
    net = MultiLayerNet(400, [300], 10, weight_init_std="Xavier", seed=0)
    assert np.std(net.params["W1"]) == pytest.approx(0.05, rel=0.02)
    assert np.std(MultiLayerNet(400, [300], 10, weight_init_std=0.5).params["W1"]) == pytest.approx(
        0.5, rel=0.02
    )
    assert np.std(TwoLayerNet(400, 300, 10, "he").params["W1"]) == pytest.approx(
        0.005**0.5, rel=0.03
    )
    net = DeepConvNet(seed=0)
    for name, inputs in (("W2", 144), ("W6", 576), ("W7", 1024)):
        assert np.std(net.params[name]) == pytest.approx((2 / inputs) ** 0.5, rel=0.06)
    assert all(np.all(net.params[f"b{i}"] == 0) for i in range(1, 9))


@nets
@pytest.mark.needs_values
def test_one_seed_gives_one_network_everywhere(case: Case, kind):
    make, x = NETS[kind]
    net = make(backend=case.backend, dtype=case.dtype)
    host = make(backend="cpu", dtype="float64")
    for name, value in host.params.items():
        case.check(net.params[name], value)
    limit = 1e-3 if case.dtype == "float32" else 1e-9  # absolute too: some gradients are 0
    found = net.gradient(case.array(x), case.array(CLASSES))
    for name, value in host.gradient(x, CLASSES).items():
        case.check(found[name], value, rtol=limit, atol=limit)
    second = net.gradient(case.array(x), case.array(CLASSES))  # another mask of dropout
    for name, value in host.gradient(x, CLASSES).items():
        case.check(second[name], value, rtol=limit, atol=limit)


@nets
def test_gradients_are_those_of_the_plainest_loop(kind):
    make, x = NETS[kind]
    net, held = (off_the_kinks(make(dtype="float64")) for _ in range(2))
    grads = net.gradient(x, CLASSES)
    for name in [n for n in grads if grads[n].size < 40]:

        def loss(value, name=name):
            held.params[name] = value
            return float(held.training_loss(x, CLASSES))

        before = held.params[name].copy()
        np.testing.assert_allclose(
            grads[name], central_difference(loss, before), rtol=1e-6, atol=1e-8
        )
        held.params[name] = before


@nets
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gradcheck(kind, dtype):
    make, x = NETS[kind]
    net = make(dtype=dtype)
    report = gradcheck(net, x.astype(dtype), CLASSES)
    assert report.ok, report
    assert {entry.name for entry in report.entries} == set(net.params)


@nets
def test_numerical_gradients_before_and_after(kind):
    make, x = NETS[kind]
    net = off_the_kinks(make(dtype="float64"))
    for first in ("numerical", "analytic"):
        found = [net.numerical_gradient(x, CLASSES)] if first == "numerical" else []
        grads = net.gradient(x, CLASSES)  # with another mask of dropout the second time
        found.append(net.numerical_gradient(x, CLASSES))
        found.append(net.numerical_gradient(x, CLASSES, method="elementwise"))
        for each in found:
            for name, value in grads.items():
                np.testing.assert_allclose(each[name], value, rtol=1e-6, atol=1e-8)


def test_the_loss_counts_the_weights():
    net, plain = multi_layer(weight_decay_lambda=0.1), multi_layer()
    decay = 0.05 * sum(float((net.params[f"W{i}"] ** 2).sum()) for i in (1, 2, 3))
    assert float(net.loss(ROWS, CLASSES)) == pytest.approx(float(plain.loss(ROWS, CLASSES)) + decay)
    with_decay, without = net.gradient(ROWS, CLASSES), plain.gradient(ROWS, CLASSES)
    for name, value in without.items():
        more = 0.1 * net.params[name] if name.startswith("W") else 0
        np.testing.assert_allclose(with_decay[name], value + more)


def test_a_mask_for_each_gradient():
    net = multi_layer(use_dropout=True)
    losses = [float(net.training_loss(ROWS, CLASSES)) for _ in range(2)]
    assert losses[0] == losses[1]
    assert float(net.loss_and_gradient(ROWS, CLASSES)[0]) == losses[0]
    assert float(net.loss_and_gradient(ROWS, CLASSES)[0]) != losses[0]
    before = net.layers["Dropout1"].rng.bit_generator.state
    net.gradient(ROWS, CLASSES, training=False)
    net.predict(ROWS)
    net.predict(ROWS, training=True)
    assert net.layers["Dropout1"].rng.bit_generator.state == before


@nets
def test_a_file_brings_back_the_network(kind, tmp_path):
    make, x = NETS[kind]
    net = make(dtype="float32")
    net.gradient(x, CLASSES)  # statistics move
    save_network(tmp_path / "net.safetensors", net)
    other = load_network(tmp_path / "net.safetensors")
    assert other.weight_decay_lambda == net.weight_decay_lambda
    np.testing.assert_array_equal(other.predict(x), net.predict(x))
    assert float(other.loss(x, CLASSES)) == float(net.loss(x, CLASSES))
    assert list(other.layers) == list(net.layers)
    assert {n: type(v) for n, v in other.layers.items()} == {
        n: type(v) for n, v in net.layers.items()
    }


def test_it_learns():
    rng = np.random.default_rng(1)
    t = np.arange(60) % 2
    x = 0.3 * rng.standard_normal((60, 1, 8, 8))
    x[t == 0, :, :, 2] += 1.0  # standing bars and lying ones
    x[t == 1, :, 2, :] += 1.0
    for net in (simple(dtype="float32"), deep(dtype="float32", dropout_ration=0.1)):
        history = Trainer(net, Adam(0.01), 10, seed=0).fit((x, t), epochs=15)
        assert history.train_accuracy[-1] > 0.9


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: MultiLayerNet(5, [0], 3), r"`hidden_size_list\[0\]` must be 1 or more; got 0"),
        (
            lambda: MultiLayerNet(5, [4], 3, weight_init_std="small"),
            "must be a number or one of he",
        ),
        (lambda: MultiLayerNet(5, [4], 3, weight_init_std=-1), "finite and 0 or more; got -1"),
        (lambda: MultiLayerNet(5, [4], 3, weight_decay_lambda=-1), "`weight_decay_lambda` must be"),
        (lambda: MultiLayerNet(5, [4], 3, "step"), "`activation` must be one of relu"),
        (lambda: SimpleConvNet((1, 4, 4)), "a window must fit into the picture; got 5 pixels in 4"),
        (
            lambda: SimpleConvNet(conv_param={"filter_num": 3}),
            "must have filter_num and filter_size",
        ),
        (
            lambda: SimpleConvNet(conv_param={"filter_num": 3, "filter_size": 3, "padding": 1}),
            "may have stride and pad; got filter_num, filter_size, padding",
        ),
        (
            lambda: SimpleConvNet(hidden_size=0),
            "`hidden_size` must be 1 or more; got 0",
        ),
        (lambda: DeepConvNet(dropout_ration=1.0), r"`dropout_ration` must be in \[0, 1\); got 1.0"),
    ],
)
def test_arguments_out_of_range(make, match):
    with pytest.raises(ValueError, match=match):
        make()


def test_summary():
    table = summary(SimpleConvNet(), (1, 28, 28))
    assert table.parameters == 433_890
    assert [row.output for row in table.rows] == [
        *((30, 24, 24), (30, 24, 24), (30, 12, 12), (100,), (100,), (10,))
    ]
    lines = str(table).splitlines()
    assert lines[2] == "Conv1    Convolution  30 x 24 x 24         780"
    assert lines[-1].split() == ["433,890"]
    deep = [row.output for row in summary(DeepConvNet(), (1, 28, 28)).rows if row.parameters]
    assert deep == [
        *((16, 28, 28), (16, 28, 28), (32, 14, 14), (32, 16, 16), (64, 8, 8), (64, 8, 8)),
        *((50,), (10,)),
    ]
    net = multi_layer(**EVERYTHING)
    before = net.state_dict()
    summary(net, (5,))
    assert all(np.array_equal(before[name], value) for name, value in net.state_dict().items())
    with pytest.raises(ValueError, match=r"`x` must have 1 channels"):
        summary(SimpleConvNet(), (3, 28, 28))


TRAINED = {"simple_convnet": (SimpleConvNet, 0.9600), "deep_convnet": (DeepConvNet, 0.9797)}
LIBRARIES = ["numpy", "torch", "jax", "array-api-strict"]


@pytest.mark.skipif(
    "BOOK_DIR" not in os.environ or "MNIST_DIR" not in os.environ,
    reason="needs BOOK_DIR, the book's trained parameters, and MNIST_DIR",
)
@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("name", TRAINED)
def test_the_books_trained_parameters(name, library):
    try:
        backend = backends.select("cpu", library)
    except backends.DeviceUnavailableError as error:
        pytest.skip(str(error))
    make, accuracy = TRAINED[name]
    net = make(backend=backend)
    net.load_state_dict(load_params(Path(os.environ["BOOK_DIR"]) / f"{name}.pkl")[0])
    _, (x, t) = load_mnist(flatten=False, path=os.environ["MNIST_DIR"])
    assert net.accuracy(backend.asarray(x), backend.asarray(t)) == accuracy


class Block:
    """Holds its layers in a list, one of them twice, and itself."""

    def __init__(self):
        self.inner = [{"tanh": Tanh(), "drop": Dropout(0.5, seed=0)}]
        self.inner.append(self.inner[0])
        self.own = self

    def forward(self, x, training=False):
        layers = self.inner[0]
        return layers["drop"].forward(layers["tanh"].forward(x), training)

    def backward(self, dout=1):
        layers = self.inner[0]
        return layers["tanh"].backward(layers["drop"].backward(dout))


def test_a_mask_within_a_layer_is_held_too():
    rng = np.random.default_rng(0)

    def made():
        layers = {
            "in": Affine(np.linspace(-1, 1, 30).reshape(5, 6), np.zeros(6)),
            "block": Block(),
            "out": Affine(np.linspace(-1, 1, 18).reshape(6, 3), np.zeros(3)),
        }
        return Network(layers, SoftmaxWithLoss())

    net, x, t = made(), rng.standard_normal((8, 5)), np.arange(8) % 3
    assert net.random == [net.layers["block"].inner[0]["drop"]]
    gradient = net.gradient(x, t)
    for name, value in net.numerical_gradient(x, t).items():
        np.testing.assert_allclose(value, gradient[name], atol=1e-8)
    assert gradcheck(net, x, t).ok
    assert np.abs(net.gradient(x, t)["W1"] - gradient["W1"]).max() > 1e-3  # another mask
    ends = []
    for epochs in ((4,), (2, 2)):  # its generator is in the checkpoint
        trainer = Trainer(made(), SGD(0.1), batch_size=4, seed=0)
        for i, each in enumerate(epochs):
            if i:
                other = Trainer(made(), SGD(0.1), batch_size=4, seed=1)
                other.load_state_dict(trainer.state_dict())
                trainer = other
            trainer.fit((x, t), epochs=each)
        ends.append(trainer.net.state_dict())
    for name, value in ends[0].items():
        np.testing.assert_array_equal(ends[1][name], value)


class MaskedLoss(SoftmaxWithLoss):
    def __init__(self):
        super().__init__()
        self.masks = {Dropout(0.5, seed=1)}

    def forward(self, x, t, training=False):
        (drop,) = self.masks
        return super().forward(drop.forward(x, training), t)

    def backward(self, dout=1):
        (drop,) = self.masks
        return drop.backward(super().backward(dout))


def test_a_mask_within_the_loss_is_held_too():
    net = Network({"in": Affine(np.linspace(-1, 1, 15).reshape(5, 3), np.zeros(3))}, MaskedLoss())
    assert len(net.random) == 1
    x = np.random.default_rng(0).standard_normal((8, 5))
    gradient = net.gradient(x, np.arange(8) % 3)
    for name, value in net.numerical_gradient(x, np.arange(8) % 3).items():
        np.testing.assert_allclose(value, gradient[name], atol=1e-8)


def test_what_else_a_layer_keeps_is_no_layer_and_costs_nothing():
    class Own(Tanh):
        def __init__(self):
            super().__init__()
            self.limits, self.kind = np.finfo("float32"), Dropout
            self.numbers = [0.5] * 100_000

    net = Network({"in": Affine(np.eye(2), np.zeros(2)), "own": Own()}, SoftmaxWithLoss())
    assert net.random == []
