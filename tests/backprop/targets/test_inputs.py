"""Inputs without a gradient: the target of a loss is a constant, and nothing else is in silence."""

import numpy as np
import pytest

from backprop import gradcheck
from backprop.gradients import Verdict


def normal(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


class Triplet:
    def forward(self, anchor, positive, negative):
        self.apart = negative - positive
        return ((anchor - positive) ** 2).sum() - ((anchor - negative) ** 2).sum()

    def backward(self, dout=1.0):
        return dout * 2 * self.apart


def test_a_triplet_has_a_gradient_for_each_of_its_inputs():
    report = gradcheck(Triplet(), normal(4, 3), normal(4, 3, seed=1), normal(4, 3, seed=2))
    assert not report.ok
    assert [str(e.verdict) for e in report.entries] == ["agrees", "not checked", "not checked"]
    assert "a gradient for each of the 3 inputs; got 1" in report["positive"].reason
    allowed = {"constants": ["positive", "negative"]}
    assert gradcheck(Triplet(), normal(4, 3), normal(4, 3, seed=1), normal(4, 3), **allowed).ok


@pytest.mark.parametrize(
    ("f", "verdict"),
    [
        (lambda x1, x2: ((x1 - x2) ** 2).sum(), Verdict.UNCHECKED),
        (lambda scores, target: ((scores - target) ** 2).sum(), None),
        (lambda x, t: ((x - t) ** 2).sum(), None),
        (lambda p, y_true: ((p - y_true) ** 2).sum(), None),
    ],
)
def test_one_gradient_for_two_inputs(f, verdict):
    pair = f, lambda a, b: 2 * (a - b)
    report = gradcheck(pair, normal(4, 3), normal(4, 3, seed=1))
    assert report.ok is (verdict is None)
    assert [e.verdict for e in report.entries[1:]] == ([verdict] if verdict else [])
