"""A check whose evaluations several processes share; here they are threads."""

import itertools
import threading

import numpy as np
import pytest

from backprop import Affine, MulLayer, Relu, gradcheck
from backprop.gradients import check as checking
from backprop.gradients import sampling
from tests.mpi.programs import T, X, plain, with_masks
from tests.together import together

RNG = np.random.default_rng(1)
W, B, INPUT = RNG.standard_normal((30, 7)), RNG.standard_normal(7), RNG.standard_normal((5, 30))


class Forgetful(Affine):
    """Has one entry of dW doubled."""

    def backward(self, dout=1):
        dx = super().backward(dout)
        self.dW[3, 2] *= 2
        return dx


def reports(size, check):
    return [str(report) for report in together(size, check)]


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("mode", ["full", "sampled", "directional"])
def test_several_say_what_one_says(mode, size):
    def of_layer(ranks=None, layer=Affine):
        return gradcheck(
            layer(W.copy(), B.copy()), INPUT.copy(), mode=mode, samples=20, communicator=ranks
        )

    def of_network(ranks=None, net=plain):
        return gradcheck(net(), X[:3], T[:3], mode=mode, samples=20, communicator=ranks)

    def of_mistake(ranks=None):
        return of_layer(ranks, Forgetful)

    def of_masks(ranks=None):
        return of_network(ranks, with_masks)

    for check in (of_layer, of_network, of_mistake, of_masks):
        assert reports(size, check) == [str(check())] * size
    assert of_layer().ok
    assert of_network().ok
    assert of_masks().ok
    (wrong,) = (entry for entry in of_mistake().entries if entry.name == "W")
    assert "wrong" in str(wrong.verdict)
    assert wrong.index == ((3, 2) if mode != "directional" else None)


def test_kinks_are_looked_at_together():
    x = np.where(np.arange(40) % 4, RNG.standard_normal(40), 0.0)

    def check(ranks=None):
        return gradcheck(Relu(), x.copy(), communicator=ranks)

    assert reports(3, check) == [str(check())] * 3
    assert "at a kink" in str(check())


def test_each_evaluates_its_share():
    def count(ranks=None):
        passes = itertools.count()  # unlike a list, it is not put back

        class Counting(Affine):
            def forward(self, x):
                next(passes)
                return super().forward(x)

        layer = Counting(W.copy(), B.copy())
        assert gradcheck(layer, INPUT.copy(), mode="full", communicator=ranks).ok
        return next(passes)

    alone, shared = count(), together(3, count)
    entries = W.size + B.size + INPUT.size
    assert alone > 4 * entries
    assert max(shared) < alone / 3 + 250  # looks before, and along what few moves share
    assert min(shared) > 4 * entries / 3


def test_processes_that_check_other_things_are_told():
    def check(ranks):
        layer = MulLayer()
        return gradcheck(layer, np.ones(3), np.full(3, 1.0 + ranks.rank), communicator=ranks)

    with pytest.raises(
        ValueError, match=r"the same function; it is \S+ in the first one and (another|\S+ here)"
    ):
        together(2, check)


def test_the_time_of_the_first_process_decides_for_all(monkeypatch):
    """Each would choose other samples, and wait for sums that the others don't take."""
    clocks = {}

    def perf_counter():
        clock = clocks.setdefault(threading.get_ident(), [0.0, 1e-5 if not clocks else 1.0])
        clock[0] += clock[1]
        return clock[0]

    def check(ranks):
        return gradcheck(Affine(W.copy(), B.copy()), INPUT.copy(), seconds=1e-3, communicator=ranks)

    monkeypatch.setattr(sampling.time, "perf_counter", perf_counter)
    first, second = reports(2, check)
    assert len(clocks) == 2
    assert first == second
    assert "coordinates would take about" in first


def test_the_first_alone_draws_a_bar(monkeypatch):
    asked = []

    class Bar(checking.Progress):
        def __init__(self, phi, total, seconds, show=None):
            asked.append(show)
            super().__init__(phi, total, seconds, show=False)

    monkeypatch.setattr(checking, "Progress", Bar)
    together(2, lambda ranks: gradcheck(Relu(), X[:2].copy(), progress=True, communicator=ranks))
    assert sorted(asked) == [False, True]
    gradcheck(Relu(), X[:2].copy(), progress=True)
    assert asked[2:] == [True]
