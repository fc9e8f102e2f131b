"""Targets that were once judged wrongly, each standing for a kind, with the right answer."""

import copy

import numpy as np
import pytest

from backprop import gradcheck
from backprop.gradients import Verdict

R = np.random.default_rng(0).standard_normal
X = R((4, 3))


def verdicts(report):
    return {entry.name: entry.verdict for entry in report.entries}


class Linear:
    def __init__(self, factor=1):
        self.W, self.grads, self.factor = R((3, 2)), {}, factor

    def forward(self, x):
        self.x = x
        return x @ self.W

    def backward(self, d):
        self.grads["W"] = self.factor * self.x.T @ d
        return d @ self.W.T


class Net:
    def __init__(self, *layers):
        self.layers = list(layers)

    def forward(self, x):
        return self.layers[0].forward(x)

    def backward(self, d):
        return self.layers[0].backward(d)


def test_parameters_that_are_found_by_no_dictionary_are_checked():
    for wrong, right in ((Linear(3), Linear()), (Net(Linear(3)), Net(Linear()))):
        report = gradcheck(wrong, X)
        assert not report.ok
        assert "3 times" in str(report)
        assert gradcheck(right, X).ok


@pytest.mark.parametrize("given", [lambda g: g, lambda g: (g, None)])
def test_a_second_input_without_a_gradient_is_not_checked(given):
    class Product:
        def forward(self, a, b):
            self.b = b
            return a * b

        def backward(self, d):
            return given(d * self.b)

    report = gradcheck(Product(), X, X + 1)
    assert not report.ok
    assert verdicts(report) == {"a": Verdict.AGREES, "b": Verdict.UNCHECKED}
    assert gradcheck(Product(), X, X + 1, wrt="a").ok
    assert gradcheck(Product(), X, X + 1, constants=["b"]).ok
    assert gradcheck(Product(), X, X + 1, allow="not checked").ok


@pytest.mark.parametrize("wrong", [1e-7, 1e-6, 6e-5, -1e-6])
@pytest.mark.parametrize("mode", ["full", "directional"])
def test_a_smooth_function_has_no_kink(wrong, mode):
    class Exp:
        def __init__(self, factor):
            self.factor = factor

        def forward(self, x):
            self.y = np.exp(x)
            return self.y

        def backward(self, d):
            return d * self.y * self.factor

    for seed in range(60):
        x = np.array([2 * np.random.default_rng(seed).standard_normal()])
        assert not gradcheck(Exp(1 + wrong), x, mode=mode).ok
        right = gradcheck(Exp(1), x, mode=mode)
        assert verdicts(right) == {"x": Verdict.AGREES}, right


class Dead:
    """A network with zero weights before its kinks."""

    def __init__(self, w):
        self.params = {"W": np.zeros((3, 4)), "V": R((4, 2))}
        self.w = w

    def loss(self, x, t):
        return ((np.maximum(x @ self.params["W"], 0) @ self.params["V"] - t) ** 2).sum()

    def gradient(self, x, t):
        d = (-2 * t @ self.params["V"].T) * 0.5  # half of the slope, between the two
        return {"W": self.w + x.T @ d, "V": np.zeros((4, 2))}


@pytest.mark.parametrize("mode", ["full", "sampled", "directional"])
def test_not_every_value_passes_at_a_kink(mode):
    t = R((4, 2))
    assert not gradcheck(Dead(1e6), X, t, mode=mode).ok
    right = gradcheck(Dead(0), X, t, mode=mode)
    assert right.ok, right
    assert right["W"].verdict is Verdict.KINK


class Square:
    """Computes in float32 whatever comes."""

    def __init__(self, factor=1):
        self.factor = factor

    def forward(self, x):
        self.x, y = x, np.empty(x.shape, "f")
        y[...] = x * x
        return y

    def backward(self, d):
        return (self.factor * 2 * self.x * d).astype(self.x.dtype)


@pytest.mark.parametrize("dtype", ["f8", "f4"])
def test_float32_inside(dtype):
    for seed in range(40):
        x = np.random.default_rng(seed).standard_normal((4, 3)).astype(dtype)
        report = gradcheck(Square(), x)
        assert report["x"].verdict is Verdict.AGREES, report
        single = x[:1, :1]
        assert not gradcheck(Square(2), single).ok
        assert not gradcheck(Square(-1), single).ok


def test_a_class_of_dtypes_is_no_array():
    class Layer:
        dtype = None

        def __init__(self):
            self.dtype = np.float32

        def forward(self, x):
            return 2 * x

        def backward(self, d):
            return 2 * d

    assert gradcheck(Layer(), X).ok


@pytest.mark.parametrize("numbers", [(100.0, 2.0), (100, 2)])
def test_the_books_layers_on_numbers(numbers):
    class Add:
        def forward(self, a, b):
            return a + b

        def backward(self, d):
            return d * 1, d * 1

    class Mul:
        def forward(self, a, b):
            self.a, self.b = a, b
            return a * b

        def backward(self, d):
            return d * self.b, d * self.a

    assert verdicts(gradcheck(Add(), *numbers)) == {"a": Verdict.AGREES, "b": Verdict.AGREES}
    assert verdicts(gradcheck(Mul(), *numbers)) == {"a": Verdict.AGREES, "b": Verdict.AGREES}


def test_a_backward_pass_without_dout_is_by_elements():
    class Sigmoid:
        factor = 1

        def forward(self, x):
            self.y = 1 / (1 + np.exp(-x))
            return self.y

        def backward(self):
            return self.factor * self.y * (1 - self.y)

    assert verdicts(gradcheck(Sigmoid(), X)) == {"x": Verdict.AGREES}
    wrong = Sigmoid()
    wrong.factor = 1 + 1e-6
    assert not gradcheck(wrong, X).ok


def test_empty_lists_of_parameters():
    class Tanh:
        def __init__(self):
            self.params, self.grads = [], []

        def forward(self, x):
            self.y = np.tanh(x)
            return self.y

        def backward(self, d):
            return d * (1 - self.y**2)

    assert gradcheck(Tanh(), X).ok


class Accumulating:
    def __init__(self):
        self.W = R((3, 2))
        self.zero_grad()

    def zero_grad(self):
        self.dW = np.zeros((3, 2))

    def forward(self, x):
        self.x = x
        return x @ self.W

    def backward(self, d):
        self.dW += self.x.T @ d
        return d @ self.W.T


def test_gradients_that_accumulate_and_the_object_left_as_it_was():
    layer = Accumulating()
    before = copy.deepcopy(vars(layer))
    arrays = dict(vars(layer))
    assert verdicts(gradcheck(layer, X)) == {"x": Verdict.AGREES, "W": Verdict.AGREES}
    assert vars(layer).keys() == before.keys()
    for name, value in vars(layer).items():
        assert value is arrays[name]
        np.testing.assert_array_equal(value, before[name])


def test_weights_that_backward_updates_are_put_back():
    class Learning(Accumulating):
        def backward(self, d):
            dx = d @ self.W.T
            self.dW = self.x.T @ d
            self.W = self.W - 0.1 * self.dW
            return dx

    layer = Learning()
    W, values = layer.W, layer.W.copy()
    report = gradcheck(layer, X)
    assert report.ok, report
    assert layer.W is W
    np.testing.assert_array_equal(W, values)
    assert "updated" in str(report)


@pytest.mark.parametrize("rng", [None, np.random.default_rng(0)])
def test_dropout_is_checked(rng):
    class Dropout:
        def forward(self, x):
            u = np.random.rand(*x.shape) if rng is None else self.rng.random(x.shape)  # noqa: NPY002
            self.mask = u > 0.5
            return x * self.mask

        def backward(self, d):
            return d * self.mask

    layer = Dropout()
    layer.rng = rng
    assert verdicts(gradcheck(layer, X)) == {"x": Verdict.AGREES}


def test_a_loss_that_ignores_dout_is_told_so():
    class Loss:
        def forward(self, x, t):
            self.e = x - t
            return (self.e**2).sum() / 2

        def backward(self, dout=1):
            return self.e

    report = gradcheck(Loss(), X, 0 * X)
    assert not report.ok
    assert "`dout` is ignored" in str(report)
    assert "times" not in report["x"].reason


def test_a_constant_in_a_logarithm_is_said_to_be_one():
    def f(x):
        return -np.sum(np.log(x + 1e-7))

    report = gradcheck((f, lambda x: -1 / x), np.random.default_rng(0).uniform(0.1, 1, (4, 3)))
    assert not report.ok
    assert "as a small constant in the code" in str(report)
    for nonsense in ("constant factor", "from 1 to 1"):
        assert nonsense not in str(report)


def test_kinks_that_meet_in_an_object_are_not_called_wrong():
    class Mlp:
        def __init__(self):
            self.W, self.V = np.zeros((3, 4)), R((4, 2))
            self.dW = self.dV = None

        def forward(self, x):
            self.x, self.z = x, x @ self.W
            self.h = np.maximum(self.z, 0)
            return self.h @ self.V

        def backward(self, d):
            dz = (d @ self.V.T) * (self.z > 0)
            self.dV, self.dW = self.h.T @ d, self.x.T @ dz
            return dz @ self.W.T

    report = gradcheck(Mlp(), X)
    assert report.ok, report
    assert report["W"].verdict is Verdict.KINK


def test_tied_weights():
    class Tied:
        def __init__(self, dtype):
            self.W = R((3, 2)).astype(dtype)
            self.T = self.W.T
            self.dW = None

        def forward(self, x):
            self.x, self.h = x, x @ self.W
            return self.h @ self.T

        def backward(self, d):
            dh = d @ self.W
            self.dW = self.x.T @ dh + d.T @ self.h
            return dh @ self.W.T

    assert verdicts(gradcheck(Tied("f8"), X)) == {"x": Verdict.AGREES, "W": Verdict.AGREES}
    report = gradcheck(Tied("f4"), X.astype("f4"))
    assert report.ok, report


def test_a_first_layer_that_returns_nothing():
    class First:
        def __init__(self):
            self.W, self.dW = R((3, 2)), None

        def forward(self, x):
            self.x = x
            return x @ self.W

        def backward(self, d):
            self.dW = self.x.T @ d

    assert not gradcheck(First(), X).ok
    report = gradcheck(First(), X, wrt="W")
    assert report.ok, report


@pytest.mark.parametrize("mode", ["full", "sampled", "auto"])
def test_rows_that_are_looked_up_are_sampled(mode):
    class Embedding:
        def __init__(self):
            self.W, self.dW = R((500 if mode == "full" else 2000, 20)), None

        def forward(self, i):
            self.i = i
            return self.W[i]

        def backward(self, d):
            self.dW = np.zeros_like(self.W)
            self.dW[self.i] = d  # repeats are lost

    indices = np.array([3, 5, 3, 7, 8, 9, 10, 11])
    assert gradcheck(Embedding(), indices, mode=mode, seconds=1.0)["W"].verdict is Verdict.WRONG


def test_a_length_of_1_is_no_batch():
    class Row:
        def __init__(self):
            self.b = R(5)

        def forward(self, x):
            return x + self.b

        def backward(self, d):
            self.db = d
            return d

    report = gradcheck(Row(), R((1, 5)))
    assert not report.ok
    assert "the values are right" in str(report)
    assert "missing" not in str(report)


def test_swapped_gradients_are_recognized():
    class Norm:
        def __init__(self):
            self.gamma, self.beta = R(3), R(3)

        def forward(self, x):
            self.x = x
            return self.gamma * x + self.beta

        def backward(self, d):
            self.dgamma, self.dbeta = d.sum(axis=0), (d * self.x).sum(axis=0)
            return d * self.gamma

    report = gradcheck(Norm(), X)
    assert not report.ok
    assert "swapped" in str(report)


def test_a_gradient_of_0_is_said_to_be_0():
    class Layer(Linear):
        def __init__(self):
            super().__init__()
            self.W = np.zeros((3, 2))

    report = gradcheck(Layer(), X)
    assert report.ok
    assert "it is 0, and so is the numerical gradient" in report["x"].reason


def test_float32_parameters_with_a_float64_input():
    class Layer(Linear):
        def __init__(self):
            super().__init__()
            self.W = self.W.astype("f4")

    report = gradcheck(Layer(), X)
    assert report.ok, report


def test_a_target_of_a_loss_is_a_constant():
    def mse(x, t):
        return np.mean((x - t) ** 2), 2 * (x - t) / x.size

    assert gradcheck(mse, X, 0 * X).ok
