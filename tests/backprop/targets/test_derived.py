"""What properties make anew of arrays that an object holds: those are the parameters."""

import numpy as np
import pytest

from backprop import gradcheck
from backprop.gradients import Verdict


def normal(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


X = normal(4, 3)


class Copies:
    factor = 1.0

    def __init__(self):
        self._W, self._b = normal(3, 2), normal(2, seed=1)

    @property
    def W(self):
        return self._W.copy()

    def forward(self, x):
        self.x = x
        return x @ self._W + self._b

    def backward(self, dout):
        self.dW, self.db = self.factor * self.x.T @ dout, dout.sum(axis=0)
        return dout @ self._W.T


class Joined(Copies):
    @property
    def theta(self):
        return np.concatenate([self._W.ravel(), self._b])

    @property
    def dtheta(self):
        return np.concatenate([self.dW.ravel(), self.db])


class Dictionaries(Joined):
    @property
    def params(self):
        return {"W": self._W.copy(), "b": self._b.copy()}

    @property
    def grads(self):
        return {"W": self.dW, "b": self.db}


class Kernel(Copies):
    @property
    def kernel(self):
        return self._W * 1.0

    def backward(self, dout):
        dx = super().backward(dout)
        self.dkernel = self.__dict__.pop("dW")
        return dx


class Masked:
    """Half of what it computes with is 0."""

    factor = 1.0

    def __init__(self):
        self._W, self.mask = normal(3, 2), np.tri(3, 2)

    @property
    def kernel(self):
        return self._W * self.mask

    def forward(self, x):
        self.x = x
        return x @ self.kernel

    def backward(self, dout):
        self.dkernel = self.x.T @ dout
        self.dW = self.factor * self.dkernel * self.mask
        self.dmask = self.dkernel * self._W
        return dout @ self.kernel.T


class Positive(Copies):
    """How many entries its property has depends on their signs."""

    def __init__(self):
        super().__init__()
        self._W[0, 0] = -1e-9

    @property
    def positive(self):
        return self._W[self._W > 0]

    @property
    def dpositive(self):
        return self.dW[self._W > 0]


KINDS = [Copies, Joined, Dictionaries, Kernel, Masked, Positive]


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_property_makes_anew_is_no_parameter(kind):
    report = gradcheck(kind(), X)
    assert report.ok, report
    assert sorted(e.name for e in report.entries) == (
        ["_W", "mask", "x"] if kind is Masked else ["_W", "_b", "x"]
    )
    wrong = kind()
    wrong.factor = 1.001
    assert gradcheck(wrong, X)["_W"].verdict is Verdict.WRONG


class Views(Copies):
    """Its properties are views, and all that there is of the gradient's names."""

    @property
    def W(self):
        return self._W[:]


class Hidden(Copies):
    def __init__(self):
        self.find, self._b = {"W": normal(3, 2)}.get, normal(2, seed=1)

    @property
    def _W(self):
        return self.find("W")

    @property
    def W(self):
        return self.find("W") * 1.0


def test_what_a_property_alone_gives_is_a_parameter():
    assert gradcheck(Views(), X).ok
    assert gradcheck(Hidden(), X).ok
    for kind in (Views, Hidden):
        wrong = kind()
        wrong.factor = 1.001
        assert not gradcheck(wrong, X).ok
