"""Large arrays piece by piece: the same as at once, over the borders of the pieces too."""

import math

import numpy as np
import pytest

from backprop.numerical import pieces
from backprop.numerical.pieces import PIECE

X = np.random.default_rng(0).standard_normal(2 * PIECE + 5)


def test_sizes_and_sums():
    assert pieces.largest(X) == np.abs(X).max()
    assert pieces.largest(np.zeros(0)) == 0.0
    assert pieces.farthest(X, 3 * X) == pytest.approx(2 * np.abs(X).max())
    assert pieces.farthest(X, 2 * X, 2.0) == pytest.approx(3 * np.abs(X).max())
    assert pieces.product(X, X) == pytest.approx(X @ X)
    assert pieces.norm(X) == pytest.approx(np.linalg.norm(X))


def test_what_is_not_finite_is_found_in_the_last_piece():
    y = X.copy()
    assert pieces.finite(y)
    y[-1] = math.inf
    assert not pieces.finite(y)
    assert math.isnan(pieces.farthest(y, y))
    assert pieces.farthest(X, np.full(X.size, 1e308), 2.0) == math.inf
    y[-1] = math.nan
    assert math.isnan(pieces.largest(y))


def test_the_same_values():
    y = X.copy()
    assert pieces.same(X, y)
    assert pieces.fingerprint(X) == pieces.fingerprint(y)
    y[-1] += 1e-15
    assert not pieces.same(X, y)
    assert pieces.fingerprint(X) != pieces.fingerprint(y)
    assert not pieces.same(X[:6], X[:6].reshape(2, 3))
    assert pieces.fingerprint(X[:6]) != pieces.fingerprint(X[:6].reshape(2, 3))
    assert pieces.same(np.array([np.nan, 0.0]), np.array([np.nan, -0.0]))
    assert pieces.fingerprint(np.array([0.0])) == pieces.fingerprint(np.array([-0.0]))


def test_the_largest_entries_and_some_that_are_not_zero():
    assert pieces.top(X, 7).tolist() == np.argsort(-np.abs(X))[:7].tolist()
    y = np.zeros_like(X)
    y[[3, PIECE, -1]] = 1.0
    found = pieces.among_nonzero(y, 10, np.random.default_rng(0))
    assert sorted(found.tolist()) == [3, PIECE, X.size - 1]
    assert pieces.among_nonzero(0 * y, 10, np.random.default_rng(0)).size == 0


def test_slabs_cover_an_array_once():
    for shape in ((), (3,), (2, 3 * PIECE), (3 * PIECE, 2), (0, 4)):
        seen = np.zeros(shape, int)
        for where in pieces.slabs(shape):
            seen[where] += 1
        assert (seen == 1).all()


def test_a_flat_array_is_no_copy():
    assert np.shares_memory(pieces.flat64(X), X)
    assert pieces.flat64(X.astype("float32")).dtype == np.float64
    assert pieces.flat64(1.5).tolist() == [1.5]
    assert pieces.flat64(np.arange(3)).tolist() == [0.0, 1.0, 2.0]
