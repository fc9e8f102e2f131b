import tracemalloc

import numpy as np
import pytest

from backprop import (
    Affine,
    BatchNormalization,
    Convolution,
    Dropout,
    Elementwise,
    Flatten,
    IdentityWithLoss,
    Layer,
    Network,
    Pooling,
    Relu,
    Sigmoid,
    SigmoidWithLoss,
    SoftmaxWithLoss,
    Tanh,
    TwoLayerNet,
    load_mnist_sample,
)
from backprop.numerical import sweep
from tests.support import Case

RNG = np.random.default_rng(21)
SIZES = [6, 5, 4, 5, 3]
X = RNG.standard_normal((4, 6)) * (RNG.random((4, 6)) < 0.6)
X[:, 2] = 0.0  # an input that reaches nothing
T = RNG.random((4, 3))


def params(depth):
    sizes, rng = [*SIZES[:depth], 3], np.random.default_rng(depth)  # whatever ran before
    values = {}
    for i in range(depth):
        values[f"W{i + 1}"] = rng.standard_normal((sizes[i], sizes[i + 1]))
        values[f"b{i + 1}"] = rng.standard_normal(sizes[i + 1])
    return values


def check_fast(net, x, t, **options):
    """Both ways agree to the last bits of the loss: eight roundings of it, over the step.

    A small loss is rounded like the scores that it comes of, which are about 1 or more.
    """
    tolerance = 8 * 2.0**-52 * max(1.0, float(net.loss(x, t))) / 2.0**-15
    fast = net.numerical_gradient(x, t, **options)
    plain = net.numerical_gradient(x, t, method="elementwise")
    assert list(fast) == list(net.params)
    for name, gradient in fast.items():
        assert gradient.shape == net.params[name].shape
        assert gradient.dtype == net.params[name].dtype
        np.testing.assert_allclose(gradient, plain[name], rtol=0, atol=tolerance)


@pytest.mark.parametrize("loss", [SoftmaxWithLoss, SigmoidWithLoss, IdentityWithLoss])
@pytest.mark.parametrize("activation", ["relu", "sigmoid", "tanh"])
@pytest.mark.parametrize("depth", [1, 2, 3, 4])
@pytest.mark.parametrize("memory", [None, 1, 5000])
def test_fast_is_elementwise(depth, activation, loss, memory):
    net = Network.from_params(params(depth), activation, last_layer=loss())
    check_fast(net, X, T, memory=memory)


PICTURES = RNG.standard_normal((4, 2, 7, 6))


def convolution(*shape, stride=1, pad=0, seed=0):
    rng = np.random.default_rng(seed)
    return Convolution(rng.standard_normal(shape), rng.standard_normal(shape[0]), stride, pad)


def affine(*shape, seed=0):
    rng = np.random.default_rng(seed)
    return Affine(rng.standard_normal(shape), rng.standard_normal(shape[1]))


CONVOLUTIONAL = {
    "to Affine": lambda: [convolution(3, 2, 3, 3, pad=1), Tanh(), affine(126, 3)],
    "alone": lambda: [convolution(3, 2, 7, 6), affine(3, 3)],
    "pooled": lambda: [
        *(convolution(3, 2, 3, 3, stride=2, pad=1), Relu(), Pooling(2, 2, stride=1)),
        *(Flatten(), Sigmoid(), affine(18, 5), Flatten(), Tanh(), affine(5, 3)),
    ],
    "two": lambda: [
        *(convolution(3, 2, 3, 2, pad=1), Sigmoid(), Pooling(2, 2, 2, mode="average")),
        *(convolution(2, 3, 2, 2, seed=1), Tanh(), convolution(4, 2, 1, 1, pad=1, seed=2)),
        *(Pooling(2, 2), Relu(), affine(36, 3)),
    ],
    "masked": lambda: [
        *(convolution(3, 2, 3, 3), Dropout(0.4, seed=0), Tanh(), Flatten(), Dropout(0.3, seed=1)),
        *(affine(60, 4), Dropout(0.5, seed=2), Tanh(), affine(4, 3), Dropout(0.2, seed=3)),
    ],
}


@pytest.mark.parametrize("kind", CONVOLUTIONAL)
@pytest.mark.parametrize("memory", [None, 1, 20_000])
@pytest.mark.parametrize("training", [True, False])
def test_what_a_filter_reaches_is_all_that_counts(kind, memory, training, monkeypatch):
    layers = {str(i): layer for i, layer in enumerate(CONVOLUTIONAL[kind]())}
    net = Network(layers, SoftmaxWithLoss())
    plain = net.numerical_gradient(PICTURES, T, training=training, method="elementwise")
    monkeypatch.setattr(sweep, "_one_by_one", None)
    fast = net.numerical_gradient(PICTURES, T, training=training, memory=memory)
    exact = net.gradient(PICTURES, T) if kind != "masked" and training else plain
    assert list(fast) == list(net.params)
    for name, gradient in fast.items():
        assert gradient.shape == net.params[name].shape
        np.testing.assert_allclose(gradient, plain[name], rtol=0, atol=1e-9)
        np.testing.assert_allclose(gradient, exact[name], rtol=0, atol=1e-7)
        assert np.abs(gradient).max() > 1e-4


@pytest.mark.parametrize("behind", [[], [BatchNormalization(np.ones(126), np.zeros(126))]])
def test_filters_before_what_is_not_known_are_evaluated_whole(behind, monkeypatch):
    """Statistics of a batch mix the samples; scores that are channels never meet."""
    layers = [convolution(3, 2, 3, 3, pad=1), Flatten(), *behind]
    net = Network({str(i): layer for i, layer in enumerate(layers)}, IdentityWithLoss())
    t = np.zeros((4, 126))
    seen = []
    whole = sweep._one_by_one
    monkeypatch.setattr(
        sweep, "_one_by_one", lambda net, name, *more: seen.append(name) or whole(net, name, *more)
    )
    fast, exact = net.numerical_gradient(PICTURES, t), net.gradient(PICTURES, t)
    assert seen == list(net.params)
    for name in exact:
        np.testing.assert_allclose(fast[name], exact[name], rtol=0, atol=1e-7)


@pytest.mark.needs_values
@pytest.mark.needs_indices
def test_filters_on_every_library(case: Case):
    def made(array):
        rng = np.random.default_rng(0)
        W, b, V, c = (rng.standard_normal(s) for s in ((3, 2, 3, 3), 3, (12, 3), 3))
        conv = Convolution(array(W), array(b), 1, 0)
        return Network(
            {"c": conv, "a": Tanh(), "p": Pooling(2, 2, 2), "o": Affine(array(V), array(c))},
            SoftmaxWithLoss(),
        )

    x = PICTURES[:, :, :, :6]
    reference = made(np.asarray).gradient(x, T)
    tolerance = 2e-3 if case.name == "strict:no_float64" else 1e-5
    tolerance = 1e-8 if case.dtype == "float64" else tolerance
    found = made(case.array).numerical_gradient(case.array(x), case.array(T))
    for name, gradient in found.items():
        case.check(gradient, reference[name], rtol=tolerance, atol=tolerance)


@pytest.mark.needs_values
@pytest.mark.needs_indices
def test_every_library(case: Case):
    values = params(3)
    net = Network.from_params({name: case.array(v) for name, v in values.items()}, "tanh")
    reference = Network.from_params(values, "tanh").gradient(X, T)
    x, t = case.array(X), case.array(T)
    for method in ("fast", "elementwise"):
        for name, gradient in net.numerical_gradient(x, t, method=method).items():
            tolerance = 2e-3 if case.name == "strict:no_float64" else 1e-5
            tolerance = 1e-8 if case.dtype == "float64" else tolerance
            case.check(gradient, reference[name], rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("seed", range(50))
def test_the_books_network_to_ten_digits(seed):
    """Where no pre-activation lies within the step of a kink."""
    (x, t), _ = load_mnist_sample()
    x = x[:3].astype(np.float64)
    net = TwoLayerNet(784, 50, 10, backend="cpu", seed=seed, dtype="float64")
    numerical, exact = net.numerical_gradient(x, t[:3]), net.gradient(x, t[:3])
    near_kink = np.any(np.abs(x @ net.params["W1"] + net.params["b1"]) <= 2.0**-15, axis=0)
    for name in exact:
        difference = np.abs(numerical[name] - exact[name])
        if name in ("W1", "b1"):
            difference = difference[..., ~near_kink]
        assert difference.max() <= 1e-10, name


def test_labels_images_and_single_samples():
    net = Network.from_params(params(2))
    labels = np.array([2, 0, 1, 2])
    check_fast(net, X.reshape(4, 1, 2, 3), labels)
    check_fast(net, X[0], labels[0])
    check_fast(net, X[:1], labels[:1, None])


def test_activations_in_a_row_and_first():
    values = params(2)
    layers = {
        "first": Tanh(),
        "in": Affine(values["W1"], values["b1"]),
        "a": Tanh(),
        "b": Relu(),
        "out": Affine(values["W2"], values["b2"]),
        "last": Tanh(),
    }
    check_fast(Network(layers, SoftmaxWithLoss()), X, T)


def test_affine_without_activation_between():
    values = params(2)
    layers = {"a": Affine(values["W1"], values["b1"]), "b": Affine(values["W2"], values["b2"])}
    check_fast(Network(layers, SoftmaxWithLoss()), X, T)


class Center(Layer):
    """Not elementwise: subtracts the mean over the batch."""

    def forward(self, x):
        self.cache = x.shape
        return x - np.mean(x, axis=0)

    def backward(self, dout=1):
        return dout - np.mean(dout, axis=0)


def test_unknown_layers_are_evaluated_whole():
    values = params(2)
    layers = {
        "in": Affine(values["W1"], values["b1"]),
        "center": Center(),
        "act": Tanh(),
        "out": Affine(values["W2"], values["b2"]),
    }
    net = Network(layers, SoftmaxWithLoss())
    check_fast(net, X, T)
    numerical, exact = net.numerical_gradient(X, T), net.gradient(X, T)
    for name in exact:
        np.testing.assert_allclose(numerical[name], exact[name], atol=1e-9)


class MeanSquare(Layer):
    """A loss layer of one's own."""

    def forward(self, y, t):
        self.cache = y - t
        return np.mean(self.cache**2)

    def backward(self, dout=1):
        return dout * 2 * self.cache / self.cache.size


def test_unknown_losses_are_evaluated_whole():
    net = Network.from_params(params(2), last_layer=MeanSquare())
    numerical, exact = net.numerical_gradient(X, T), net.gradient(X, T)
    for name in exact:
        np.testing.assert_allclose(numerical[name], exact[name], atol=1e-9)


def test_an_affine_layer_with_a_forward_of_its_own_is_evaluated_whole():
    class Doubled(Affine):
        def forward(self, x):
            return 2 * super().forward(x)

        def backward(self, dout=1):
            return super().backward(2 * dout)

    values = params(1)
    net = Network({"a": Doubled(values["W1"], values["b1"])}, SoftmaxWithLoss())
    numerical, exact = net.numerical_gradient(X, T), net.gradient(X, T)
    for name in exact:
        np.testing.assert_allclose(numerical[name], exact[name], atol=1e-9)


def test_nothing_is_changed():
    net = Network.from_params(params(2))
    net.gradient(X, T)
    before = {name: p.copy() for name, p in net.params.items()}
    grads, x = net.layers["Affine1"].dW.copy(), X.copy()
    for method in ("fast", "elementwise"):
        net.numerical_gradient(X, T, method=method)
    for name, p in net.params.items():
        np.testing.assert_array_equal(p, before[name])
    np.testing.assert_array_equal(net.layers["Affine1"].dW, grads)
    np.testing.assert_array_equal(X, x)


def test_float32_networks_are_differentiated_in_float64():
    net = TwoLayerNet(6, 5, 3, 1.0, backend="cpu", seed=0)
    wide = net.to(dtype="float64")
    numerical, exact = net.numerical_gradient(X, T), wide.gradient(X, T)
    for name in exact:
        assert numerical[name].dtype == np.float32
        np.testing.assert_allclose(numerical[name], exact[name], atol=1e-7)


def test_step_and_memory():
    net = Network.from_params(params(2))
    coarse, fine = (net.numerical_gradient(X, T, step)["W1"] for step in (1e-1, 1e-4))
    exact = net.gradient(X, T)["W1"]
    assert np.abs(coarse - exact).max() > 10 * np.abs(fine - exact).max()


def test_a_chunk_of_wide_layers_takes_about_the_memory_that_is_given():
    rng, shapes = np.random.default_rng(0), {"W1": (20, 30), "b1": 30, "W2": (30, 400), "b2": 400}
    net = Network.from_params({name: rng.standard_normal(shape) for name, shape in shapes.items()})
    x, t = rng.standard_normal((2, 20)), rng.random((2, 400))
    tracemalloc.start()
    net.numerical_gradient(x, t, memory=1 << 20)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 << 20  # all at once would be 300 times as much


def test_bad_input():
    net = Network.from_params(params(2))
    with pytest.raises(ValueError, match="`method` must be 'fast' or 'elementwise'; got 'x'"):
        net.numerical_gradient(X, T, method="x")
    with pytest.raises(ValueError, match="`step` must be positive and finite; got -1"):
        net.numerical_gradient(X, T, -1)
    with pytest.raises(ValueError, match="`memory` must be 1 or more; got 0"):
        net.numerical_gradient(X, T, memory=0)
    assert Network({"r": Relu()}, SoftmaxWithLoss()).numerical_gradient(X[:, :3], T) == {}


class PReLU(Elementwise):
    """A slope for each feature: elementwise, but not the same in every column."""

    def __init__(self, a):
        super().__init__()
        self.params = {"a": a}

    def value(self, x):
        return np.where(x > 0, x, self.params["a"] * x), x

    def slope(self, x):
        return np.where(x > 0, 1.0, self.params["a"] * np.ones_like(x))

    def backward(self, dout=1):
        x = self.recall()
        self.grads["a"] = np.sum(np.where(x > 0, 0.0, x) * dout, axis=0)
        return super().backward(dout)


class Weighing(Elementwise):
    """A fixed weight for each column."""

    def value(self, x):
        return x * np.arange(1.0, 6.0), np.arange(1.0, 6.0)

    def slope(self, kept):
        return np.broadcast_to(kept, (4, 5))


@pytest.mark.parametrize("samples", [1, 4, 5])
@pytest.mark.parametrize(
    "layer", [PReLU(np.linspace(0.1, 0.5, 5)), PReLU(np.full(5, 0.25)), Weighing()]
)
def test_a_layer_with_a_weight_for_each_feature(layer, samples):
    """Also where there are as many samples as features, and no shape tells."""
    rng = np.random.default_rng(samples)
    first = Affine(rng.standard_normal((6, 5)), rng.standard_normal(5))
    last = Affine(rng.standard_normal((5, 3)), np.zeros(3))
    net = Network({"First": first, "Own": layer, "Last": last}, SoftmaxWithLoss())
    check_fast(net, rng.standard_normal((samples, 6)), np.arange(samples) % 3)


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize("depth", [1, 2])
def test_changes_of_the_loss_are_those_of_the_loss_itself(fast, depth):
    """Of a network with decay, one offset at a time: what is even in it doesn't cancel."""
    net = Network.from_params(params(depth))
    net.weight_decay_lambda = 0.7
    offsets = (0.25, -0.5)
    found = net.loss_changes(X, T, offsets, fast=fast)
    before = net.loss(X, T)
    for name, changes in found.items():
        own = net.params[name]
        assert changes.shape == (2, *own.shape)
        for offset, change in zip(offsets, changes, strict=True):
            for index in [(0,) * own.ndim, tuple(n - 1 for n in own.shape)]:
                kept = own[index]
                own[index] += offset
                np.testing.assert_allclose(change[index], net.loss(X, T) - before, atol=1e-12)
                own[index] = kept


def test_one_array_under_two_names_is_refused():
    W, b = np.eye(6), np.zeros(6)
    last = Affine(W.copy(), b.copy())
    net = Network({"a": Affine(W, b), "s": Tanh(), "c": last}, SoftmaxWithLoss())
    last.W = W
    with pytest.raises(
        ValueError, match="^each parameter must be an array of its own; `W2` is `W1"
    ):
        net.numerical_gradient(X, np.zeros(4, int))
