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


LABELS = ["t", "y", "gt", "tgt", "truth", "reference", "expected", "one_hot", "t_batch", "classes"]


@pytest.mark.parametrize(
    "name", [*LABELS, "logvar", "scale", "weight", "temperature", "y_hat", "h_t"]
)
def test_only_what_is_called_like_a_target_needs_no_gradient(name):
    scope: dict[str, object] = {}
    exec(f"def f(x, {name}): return ((x - {name}) ** 2).sum()", scope)
    report = gradcheck((scope["f"], lambda a, b: 2 * (a - b)), normal(4, 3), normal(4, 3, seed=1))
    assert report.ok is (name in LABELS)
    if name not in LABELS:
        assert report[name].verdict is Verdict.UNCHECKED
        assert "constants=" in report[name].reason


class Temperature:
    def __init__(self, alone):
        self.alone = alone

    def forward(self, x, temperature):
        self.temperature = temperature
        return x / temperature

    def backward(self, dout):
        dx = dout / self.temperature
        return dx if self.alone else (dx, None)


@pytest.mark.parametrize("alone", [True, False])
def test_a_number_beside_arrays_needs_no_gradient_and_an_array_of_one_does(alone):
    layer = Temperature(alone)
    report = gradcheck(layer, normal(4, 3), 2.0)
    assert report.ok
    assert report.remarks == ("temperature: no gradient is returned for it; taken for a constant",)
    for value in (np.array(2.0), np.float64(2.0), np.full(3, 2.0)):
        report = gradcheck(layer, normal(4, 3), value)
        assert report["temperature"].verdict is Verdict.UNCHECKED
        assert gradcheck(layer, normal(4, 3), value, constants=["temperature"]).ok


def loss_and_gradients(form, factor=1.0):
    def f(params, x, t):
        W, b = params.values() if isinstance(params, dict) else params
        apart = x @ W + b - t
        gradients = x.T @ apart, factor * apart.sum(axis=0)
        if form in (list, tuple):
            return (apart**2).sum() / 2, form(gradients)
        names = ("dW", "db") if form == "named" else ("W", "b")
        return (apart**2).sum() / 2, dict(zip(names, gradients, strict=True))

    return f


@pytest.mark.parametrize("form", [list, tuple, dict, "named"], ids=str)
@pytest.mark.parametrize("targets", [1, 2], ids=["three inputs", "two inputs"])
def test_gradients_of_the_form_of_one_input_are_by_that(form, targets):
    W, b, x = normal(3, 2), normal(2, seed=1), normal(4, 3, seed=2)
    params = [W, b] if form in (list, tuple) else {"W": W, "b": b}
    wrong, right = (loss_and_gradients(form, factor) for factor in (1.1, 1.0))
    inputs = (params, x, normal(4, 2, seed=3))
    if targets == 2:
        right, wrong = (lambda p, x, f=f: f(p, x, normal(4, 2, seed=3)) for f in (right, wrong))
        inputs = inputs[:2]
    report = gradcheck(right, *inputs)
    assert report.ok
    assert [str(e.verdict) for e in report.entries] == ["agrees", "agrees"]
    assert report.remarks[0].endswith("alone; taken for a constant")
    report = gradcheck(wrong, *inputs)
    assert [str(e.verdict) for e in report.entries] == ["agrees", "wrong"]
