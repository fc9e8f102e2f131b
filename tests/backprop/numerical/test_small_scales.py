"""Functions that bend on a scale far below the step: what that gives is seen, and not believed."""

import numpy as np
import pytest

from backprop import numerical_diff, numerical_gradient


@pytest.mark.parametrize("width", [1e-4, 1e-6, 1e-9])
@pytest.mark.parametrize("where", [0.0, 1.0])
def test_the_flank_of_a_peak(width, where):
    x = np.array([where + width])

    def peak(v):
        return np.sum(np.exp(-(((v - where) / width) ** 2)))

    apart = (x[0] - where) / width
    expected = -2 * apart * np.exp(-(apart**2)) / width
    assert numerical_gradient(peak, x)[0] == pytest.approx(expected, rel=1e-5)
    assert numerical_diff(peak, float(x[0])) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("frequency", [1e3, 1e6, 1e9, 1e12])
@pytest.mark.parametrize("x", [0.0, 0.3])
def test_a_fast_wave(frequency, x):
    found = numerical_diff(lambda v: np.sin(frequency * v), x)
    assert found == pytest.approx(frequency * np.cos(frequency * x), rel=1e-3)


@pytest.mark.parametrize("apart", [1e-3, 1e-6, 1e-9])
def test_beside_a_kink(apart):
    f = lambda v: 5.0 + np.maximum(v, 0.0).sum()  # noqa: E731
    assert numerical_gradient(f, np.array([apart]))[0] == pytest.approx(1.0, rel=1e-4)


@pytest.mark.parametrize("beyond", [np.inf, -np.inf, np.nan])
def test_beside_a_border_beyond_which_nothing_is_finite(beyond):
    f = lambda v: np.sum(np.where(v > 1.00004, beyond, v**2))  # noqa: E731
    assert numerical_gradient(f, np.ones(1))[0] == pytest.approx(2.0, abs=1e-8)


def test_at_a_kink_the_mean_of_both_slopes_keeps_its_digits():
    f = lambda v: (np.abs(v) + np.sin(3.0 * v) + 10.0).sum()  # noqa: E731
    assert numerical_gradient(f, np.zeros(1))[0] == pytest.approx(3.0, abs=1e-8)
    assert numerical_gradient(lambda v: np.maximum(v, 0.0).sum(), np.zeros(1))[0] == 0.5


def test_what_moves_in_steps_is_not_flat():
    f = lambda v: float(np.float32(1000.0 + np.sin(v)))  # noqa: E731
    assert numerical_diff(f, 0.4) == pytest.approx(np.cos(0.4), abs=0.2)


def test_the_sides_of_a_cusp_cancel_though_the_finest_steps_are_lost_in_rounding():
    f = lambda v: (1.0 + np.sqrt(np.abs(v - 1.0))).sum()  # noqa: E731
    np.testing.assert_allclose(numerical_gradient(f, np.array([1.0, 2.0])), [0.0, 0.5], rtol=1e-9)
