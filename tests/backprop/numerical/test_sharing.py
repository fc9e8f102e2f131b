"""A numerical gradient whose evaluations several processes share; here they are threads."""

from functools import partial

import numpy as np
import pytest

from backprop import SimpleConvNet, SoftmaxWithLoss, TwoLayerNet, gradcheck
from backprop.numerical import sweep
from tests.mpi.programs import T, X, normalized, plain, with_masks
from tests.support import Case
from tests.together import together


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("net", [plain, with_masks, normalized])
@pytest.mark.parametrize("options", [{}, {"method": "elementwise"}, {"memory": 2000}])
def test_several_get_what_one_gets_bit_for_bit(net, options, size):
    expected = net().numerical_gradient(X[:9], T[:9], **options)
    found = together(
        size, lambda ranks: net().numerical_gradient(X[:9], T[:9], communicator=ranks, **options)
    )
    for gradient in found:
        assert list(gradient) == list(expected)
        for name, values in expected.items():
            np.testing.assert_array_equal(gradient[name], values)


@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.parametrize("memory", [None, 20_000])
def test_filters_are_shared_too(size, memory):
    def gradient(ranks=None):
        param = {"filter_num": 3, "filter_size": 3, "pad": 1, "stride": 1}
        net = SimpleConvNet((1, 6, 6), param, 4, 3, "he", dtype="float64", seed=0)
        x = X[:4].reshape(4, 1, 6, 6)
        return net.numerical_gradient(x, T[:4], memory=memory, communicator=ranks)

    expected = gradient()
    for found in together(size, gradient):
        assert list(found) == list(expected)
        for name, values in expected.items():
            np.testing.assert_array_equal(found[name], values)


@pytest.mark.needs_values
@pytest.mark.needs_indices
@pytest.mark.parametrize("convolves", [False, True])
def test_on_every_library(case: Case, convolves):
    def gradient(ranks=None):
        where = {"backend": case.backend, "dtype": case.dtype, "seed": 0}
        if convolves:
            param = {"filter_num": 2, "filter_size": 3, "pad": 0, "stride": 1}
            net, x = SimpleConvNet((1, 6, 6), param, 3, 2, "he", **where), X[:5].reshape(5, 1, 6, 6)
        else:
            net, x = TwoLayerNet(4, 3, 2, **where), X[:5, :4]
        x, t = case.array(x), case.backend.asarray(T[:5] % 2)
        return net.numerical_gradient(x, t, communicator=ranks)

    expected = gradient()
    for found in together(2, gradient):
        for name, values in expected.items():
            case.check(found[name], case.numpy(values), rtol=0, atol=0)


def test_each_evaluates_its_share():
    class Counting(SoftmaxWithLoss):
        def forward(self, x, t):
            passes[-1] += 1
            return super().forward(x, t)

    passes = []

    def count(ranks=None):
        net = plain()
        net.last_layer = Counting()
        passes.append(0)
        net.numerical_gradient(X[:3], T[:3], method="elementwise", communicator=ranks)
        return passes[-1]

    alone = count()
    entries = 36 * 5 + 5 + 5 * 3 + 3
    assert alone == 1 + 2 * entries
    passes.append(0)
    together(2, lambda ranks: with_all(ranks, Counting))
    assert passes[-1] == 2 + 2 * entries


def with_all(ranks, layer):
    net = plain()
    net.last_layer = layer()
    net.numerical_gradient(X[:3], T[:3], method="elementwise", communicator=ranks)


def test_blocks_of_the_fast_way_are_shared(monkeypatch):
    own = []
    changes = sweep._changes

    def seen(column, active, blocks, offset, share):
        own.append((len(blocks), share))
        return changes(column, active, blocks, offset, share)

    monkeypatch.setattr(sweep, "_changes", seen)
    together(2, lambda ranks: plain().numerical_gradient(X, T, memory=20_000, communicator=ranks))
    assert max(count for count, _ in own) > 4
    assert {(0, count // 2) for count, _ in own} | {(count // 2, count) for count, _ in own} == {
        share for _, share in own
    }


def test_other_arrays_elsewhere_are_told_in_all_processes():
    """New networks have about the same loss, of which nobody would see that they are others."""

    def of(seed, x, ask):
        net = TwoLayerNet(36, 5, 3, backend="cpu", dtype="float64", seed=seed)
        with pytest.raises(
            ValueError, match="^all processes must have the arrays of the first"
        ) as e:
            ask(net, x)
        return str(e.value).rpartition("; ")[2]

    for ask in (
        lambda ranks, net, x: net.numerical_gradient(x, T[:3], communicator=ranks),
        lambda ranks, net, x: gradcheck(net, x, T[:3], communicator=ranks),
    ):
        found = together(3, lambda r, ask=ask: of(r.rank == 2, X[:3], partial(ask, r)))
        assert found[:2] == ["another one's differ"] * 2
        assert found[2] == "`W1` is another here"
        found = together(2, lambda r, ask=ask: of(0, X[:3] * (1 + r.rank), partial(ask, r)))
        assert found[1] == "`x` is another here"
