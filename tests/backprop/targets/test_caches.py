"""What a forward pass writes anew is a cache, though a gradient of its name is beside it."""

import numpy as np
import pytest

from backprop import gradcheck
from backprop.gradients import Verdict


def normal(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


X = normal(4, 3)


class Tanh:
    """Keeps all it computes, and the gradients of it."""

    factor = 1.0

    def __init__(self):
        self.W, self.b = normal(3, 2), normal(2, seed=1)

    def forward(self, x):
        self.x = x
        self.z = x @ self.W + self.b
        self.a = np.tanh(self.z)
        return self.a * 1.0

    def backward(self, da):
        self.da = da
        self.dz = da * (1.0 - np.tanh(self.z) ** 2)
        self.dW = self.x.T @ self.dz
        self.db = self.factor * self.dz.sum(axis=0)
        self.dx = self.dz @ self.W.T
        return self.dx


class InPlace(Tanh):
    """Its memory is there before: one array for the output and the gradient by it."""

    def __init__(self):
        super().__init__()
        self.h = self.dh = np.zeros((4, 2))

    def forward(self, x):
        self.h[...] = super().forward(x)
        return self.h.copy()

    def backward(self, dh):
        dh = 1.0 * dh
        out = self.h.copy()
        self.dh[...] = dh
        assert np.allclose(out, self.a)
        return super().backward(dh)


class InList(Tanh):
    def forward(self, x):
        self.hs = [super().forward(x)]
        return self.hs[0]

    def backward(self, dh):
        self.dhs = [dh]
        return super().backward(dh)


@pytest.mark.parametrize("samples", [0, 4, 7])
@pytest.mark.parametrize("kind", [Tanh, InPlace, InList])
def test_a_layer_that_was_used_before(kind, samples):
    def used():
        layer = kind()
        if samples:
            x = X if kind is InPlace else normal(samples, 3, seed=5)
            layer.backward(0.5 * layer.forward(x))
        return layer

    report = gradcheck(used(), X)
    assert report.ok, report
    assert [e.name for e in report.entries] == ["x", "W", "b"]
    wrong = used()
    wrong.factor = 1.001
    assert gradcheck(wrong, X)["b"].verdict is Verdict.WRONG


class BeforeNormalization:
    """Its bias does not move the output, and has a gradient of 0."""

    def __init__(self, slope):
        self.W, self.b, self.slope = normal(3, 2), normal(2), slope

    def forward(self, x):
        self.x = x
        self.z = x @ self.W + self.b
        return self.z - self.z.mean(axis=0)

    def backward(self, dout):
        dz = dout - dout.mean(axis=0)
        self.dW, self.db = self.x.T @ dz, self.slope * dout.sum(axis=0)
        return dz @ self.W.T


@pytest.mark.parametrize("slope", [0.0, 1.0])
def test_a_parameter_that_does_not_move_the_output_has_a_gradient_of_0(slope):
    layer = BeforeNormalization(slope)
    layer.backward(layer.forward(X))
    assert gradcheck(layer, X)["b"].verdict is (Verdict.WRONG if slope else Verdict.AGREES)


class Recurrent:
    """Goes on from the state that an earlier sequence left, or that was set."""

    def __init__(self, in_place):
        self.W, self.V, self.in_place = normal(3, 3), normal(3, 3, seed=1), in_place
        self.h, self.dh = normal(4, 3, seed=2), None

    def forward(self, x):
        self.x, self.before = x, np.copy(self.h)
        h = np.tanh(x @ self.W + self.before @ self.V)
        if self.in_place:
            self.h[...] = h
        else:
            self.h = h
        return h

    def backward(self, d):
        d = d * (1.0 - self.h**2)
        self.dW, self.dV, self.dh = self.x.T @ d, self.before.T @ d, d @ self.V.T
        return d @ self.W.T


@pytest.mark.parametrize("in_place", [True, False])
def test_a_state_that_the_forward_pass_binds_anew_is_no_fault(in_place):
    layer = Recurrent(in_place)
    before, values = layer.h, layer.h.copy()
    report = gradcheck(layer, X)
    assert all(e.verdict is Verdict.AGREES for e in report.entries)
    assert sorted(e.name for e in report.entries) == ["V", "W", "h", "x"]
    assert layer.h is before
    assert np.array_equal(before, values)
    assert report.ok is not in_place
    if in_place:
        assert report.problems == ("h is changed by the forward or the backward pass",)
    else:
        assert report.remarks == ("h: each forward pass puts another there; it was put back",)
