"""Which array is the gradient: beside velocities, learning rates, earlier passes and zeros."""

import numpy as np
import pytest

from backprop import gradcheck
from backprop.gradients import Verdict


def normal(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


X = normal(4, 3)


class Linear:
    factor = 1.0

    def __init__(self):
        self.W = normal(3, 2)

    def forward(self, x):
        self.x = x
        return x @ self.W

    def gradient_by_W(self, dout):
        return self.factor * self.x.T @ dout

    def backward(self, dout):
        dx = dout @ self.W.T
        self.learn(self.gradient_by_W(dout))
        return dx


class Rate(Linear):
    def __init__(self):
        super().__init__()
        self.lr = 0.01

    def learn(self, gradient):
        self.W -= self.lr * gradient


class RateOfClass(Linear):
    learning_rate = 0.1

    def learn(self, gradient):
        self.W = self.W - self.learning_rate * gradient


class Optimizer:
    def __init__(self):
        self.lr = 0.01

    def update(self, w, gradient):
        return w - self.lr * gradient


class WithOptimizer(Linear):
    def __init__(self):
        super().__init__()
        self.optimizer = Optimizer()

    def learn(self, gradient):
        self.W = self.optimizer.update(self.W, gradient)


class Velocity(Linear):
    def __init__(self):
        super().__init__()
        self.delta_W, self.grads = np.zeros((3, 2)), {}

    def learn(self, gradient):
        self.grads["W"] = gradient


class Unnamed(Linear):
    def __init__(self):
        super().__init__()
        self.W_update = np.zeros((3, 2))

    def learn(self, gradient):
        self.W_slopes = gradient


class Adding(Linear):
    """It has been used before."""

    def __init__(self):
        super().__init__()
        self.dW = normal(3, 2, seed=9)

    def learn(self, gradient):
        self.dW += gradient


class OddNames(Linear):
    """What it calls loss, gradient and params is no network's."""

    def __init__(self):
        super().__init__()
        self.loss, self.gradient, self.params = 0.0, {}, {"W": self.W}

    def learn(self, gradient):
        self.gradient["W"] = gradient


KINDS = [Rate, RateOfClass, WithOptimizer, Velocity, Unnamed, Adding, OddNames]


@pytest.mark.parametrize("kind", KINDS)
def test_the_gradient_is_told_from_what_stands_beside_it(kind):
    layer = kind()
    before = {k: np.copy(v) for k, v in vars(layer).items() if isinstance(v, np.ndarray)}
    report = gradcheck(layer, X)
    assert report.ok
    assert [(e.name, str(e.verdict)) for e in report.entries] == [("x", "agrees"), ("W", "agrees")]
    for name, x in before.items():
        assert np.array_equal(getattr(layer, name), x)
    wrong = kind()
    wrong.factor = 1.001
    assert gradcheck(wrong, X)["W"].verdict is Verdict.WRONG


def test_a_gradient_that_no_pass_computes_is_wrong():
    layer = Velocity()
    layer.learn = lambda gradient: None
    report = gradcheck(layer, X)
    assert report["W"].verdict is Verdict.WRONG


class Embedding:
    def __init__(self, factor=1.0):
        self.table, self.factor = normal(3000, 4), factor

    def forward(self, indices):
        self.indices = indices
        return self.table[indices]

    def backward(self, dout):
        self.found = np.zeros_like(self.table)
        np.add.at(self.found, self.indices, self.factor * dout)


def test_a_gradient_that_is_nearly_all_0_is_found_by_its_values():
    indices = np.array([17, 1234, 17, 2998])
    report = gradcheck(Embedding(), indices, mode="sampled")
    assert [(e.name, str(e.verdict)) for e in report.entries] == [("table", "agrees")]
    assert report.ok
    assert gradcheck(Embedding(1.01), indices, mode="sampled")["table"].verdict is Verdict.WRONG


class Tensor:
    def __init__(self, data, names):
        self.names = names
        setattr(self, names[0], data)
        setattr(self, names[1], np.zeros_like(data))

    @property
    def held(self):
        return getattr(self, self.names[0]).view()

    def add(self, gradient):
        setattr(self, self.names[1], getattr(self, self.names[1]) + gradient)


class OfTensors:
    factor = 1.0

    def __init__(self, names):
        self.W = Tensor(normal(3, 2), names)

    def forward(self, x):
        self.x = x
        return x @ self.W.held

    def backward(self, dout):
        self.W.add(self.factor * self.x.T @ dout)
        return dout @ self.W.held.T


@pytest.mark.parametrize("names", [("data", "grad"), ("value", "g"), ("array", "gradient")])
@pytest.mark.parametrize("uses", [0, 1, 2])
def test_gradients_that_are_added_to_those_of_earlier_passes(names, uses):
    layer = OfTensors(names)
    for i in range(uses):
        layer.forward(normal(4, 3, seed=i))
        layer.backward(normal(4, 2, seed=i + 7))
    left = np.copy(getattr(layer.W, names[1]))
    report = gradcheck(layer, X)
    assert report.ok, report
    assert [e.name for e in report.entries] == ["x", f"W.{names[0]}"]
    assert np.array_equal(getattr(layer.W, names[1]), left)
    layer.factor = -2.0
    assert "-2 times" in gradcheck(layer, X)[f"W.{names[0]}"].reason


class AddingUnnamed(Linear):
    def __init__(self):
        super().__init__()
        self.slopes = normal(3, 2, seed=9)

    def learn(self, gradient):
        self.slopes = self.slopes + gradient


def test_a_change_of_an_array_is_no_update_of_another():
    assert gradcheck(AddingUnnamed(), X).ok
    wrong = AddingUnnamed()
    wrong.factor = -1.0
    assert "sign is wrong" in gradcheck(wrong, X)["W"].reason


class Scalar:
    def __init__(self, data):
        self.data, self.grad = data, 0.0


class OfScalars:
    factor = 1.0

    def __init__(self):
        self.w, self.b = Scalar(1.5), Scalar(0.25)

    def forward(self, x):
        self.x = x
        return x * self.w.data + self.b.data

    def backward(self, dout):
        self.w.grad += self.factor * float((dout * self.x).sum())
        self.b.grad += float(dout.sum())
        return dout * self.w.data


class OfNumbers(OfScalars):
    def __init__(self):
        self.p = {"gamma": 1.5, "beta": 0.25}

    def forward(self, x):
        self.x = x
        return x * self.p["gamma"] + self.p["beta"]

    def backward(self, dout):
        dgamma = self.factor * float((dout * self.x).sum())
        return dout * self.p["gamma"], {"gamma": dgamma, "beta": float(dout.sum())}


@pytest.mark.parametrize("uses", [0, 1])
@pytest.mark.parametrize("kind", [OfScalars, OfNumbers])
def test_numbers_with_a_gradient_are_compared(kind, uses):
    layer = kind()
    for _ in range(uses):
        layer.backward(layer.forward(X))
    report = gradcheck(layer, X)
    assert report.ok, report
    assert len(report.entries) == 3
    layer.factor = -5.0
    assert gradcheck(layer, X).entries[1].verdict is Verdict.WRONG
