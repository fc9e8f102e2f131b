"""Parameters and state where nobody looks first, each in a way that was once overlooked."""

import numpy as np
import pytest

from backprop import gradcheck
from backprop.gradients import Verdict


def normal(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


X = normal(4, 3)


class Scale:
    """Its parameter is a number."""

    def __init__(self, alpha, factor=1.0):
        self.alpha, self.factor, self.rate = alpha, factor, 0.5

    def forward(self, x):
        self.x = x
        return self.alpha * self.rate * x

    def backward(self, d):
        self.dalpha = self.factor * (d * self.x).sum() * self.rate
        return d * self.alpha * self.rate


@pytest.mark.parametrize("alpha", [0.7, np.float64(0.7), np.array(0.7)], ids=type)
def test_a_number_with_a_gradient_by_name_is_a_parameter(alpha):
    layer = Scale(alpha)
    report = gradcheck(layer, X)
    assert [(e.name, str(e.verdict)) for e in report.entries] == [
        ("x", "agrees"),
        ("alpha", "agrees"),
    ]
    assert layer.alpha is alpha
    assert gradcheck(Scale(alpha, 1.0001), X)["alpha"].verdict is Verdict.WRONG


class Normalizing:
    """Batch normalization in inference: its statistics move the output."""

    def __init__(self):
        self.gamma, self.mean, self.var = normal(3), normal(3), np.ones(3)

    def forward(self, x):
        self.std = np.sqrt(self.var + 1e-5)
        self.y = (x - self.mean) / self.std
        return self.gamma * self.y

    def backward(self, d):
        self.dgamma = (d * self.y).sum(axis=0)
        return d * self.gamma / self.std


def test_what_stays_the_same_for_another_dout_is_no_gradient():
    report = gradcheck(Normalizing(), X)
    assert report["var"].verdict is Verdict.UNCHECKED  # and not `std` as its gradient
    assert "if it is not learnt, say so: constants=" in report["var"].reason
    assert gradcheck(Normalizing(), X, constants=["mean", "var"]).ok


def test_what_each_pass_leaves_to_the_next_can_be_said_to_be_a_constant():
    class Stateful:
        def __init__(self):
            self.W, self.h = normal(3, 3), np.zeros((4, 3))

        def forward(self, x):
            self.x, self.h = x, np.tanh(x @ self.W + self.h)
            return self.h

        def backward(self, d):
            dz = d * (1 - self.h**2)
            self.dW = self.x.T @ dz
            return dz @ self.W.T

    report = gradcheck(Stateful(), X)
    assert report["h"].verdict is Verdict.UNCHECKED
    assert not report.problems
    assert gradcheck(Stateful(), X, constants="h").ok


def test_the_gradients_of_a_dictionary_of_inputs_by_their_names():
    class Attention:
        def __init__(self, factor):
            self.factor = factor

        def forward(self, inputs):
            self.inputs = inputs
            return inputs["q"] * inputs["k"]

        def backward(self, d):
            return {"dq": d * self.inputs["k"], "dk": self.factor * d * self.inputs["q"]}

    inputs = {"q": X, "k": X + 1}
    assert gradcheck(Attention(1.0), inputs).ok
    report = gradcheck(Attention(1.0001), inputs)
    assert [str(entry.verdict) for entry in report.entries] == ["agrees", "wrong"]


def test_a_number_among_tensors():
    torch = pytest.importorskip("torch")

    class Lookup(torch.autograd.Function):
        @staticmethod
        def forward(ctx, table, i, scale):
            ctx.save_for_backward(i)
            ctx.shape, ctx.scale = table.shape, scale
            return scale * table[i]

        @staticmethod
        def backward(ctx, d):
            (i,) = ctx.saved_tensors
            zero = torch.zeros(ctx.shape, dtype=d.dtype)
            return zero.index_add(0, i, d * ctx.scale), None, None

    report = gradcheck(Lookup, torch.tensor(X), torch.tensor([1, 2, 1]), 3.0)
    assert report.ok
    assert "scale: no gradient is returned for it; taken for a constant" in str(report)


def test_a_gradient_whose_memory_each_pass_uses_again_is_copied():
    class Buffered:
        def __init__(self):
            self.W = normal(3, 2)
            buffer = np.zeros((2, 3, 2))
            self.buffer = lambda: buffer[0]  # where no search gets at it

        def forward(self, x):
            self.x = x
            return x @ self.W

        def backward(self, d):
            self.dW = self.buffer()
            self.dW[...] = self.x.T @ d
            return d @ self.W.T

    report = gradcheck(Buffered(), X)
    assert report.ok, report
