"""The judge on made-up slopes: functions of one number, rounded or bent as a test needs it."""

import numpy as np
import pytest

from backprop.gradients import compare
from backprop.gradients.closer import COARSEST
from backprop.gradients.judge import judge
from backprop.gradients.judgment import NEGLIGIBLE, Limits, negligible, trusted_error
from backprop.numerical.slopes import FACTORS, slopes
from backprop.numerical.steps import FINEST, REFINEMENT

STEP = 2.0**-15


class Made:
    """Slopes of `f` at points, and what is near them, without a layer or an array of anybody's."""

    def __init__(self, f, points, resolution=0.0, jumps=(0.0, 0.0)):
        self.f, self.points, self.levels = f, np.asarray(points, float), []
        self._resolution, self._jumps = resolution, jumps

    def __call__(self, level, which):
        self.levels.append(level)
        x, h = self.points[which], STEP / float(REFINEMENT) ** level
        distances = np.asarray([np.full(x.shape, factor * h) for factor in FACTORS])
        return slopes(np.asarray([self.f(x + d) - self.f(x) for d in distances]), distances)

    def resolution(self, i, level):
        return self._resolution

    def jumps(self, i):
        return self._jumps


def judged(made, analytic, noise=1e-15, scale=1.0, **tolerances):
    analytic = np.asarray(analytic, float)
    limits = Limits(noise, scale, np.full(analytic.shape, 1e-15), **tolerances)
    return judge(analytic, made, limits, made)


POINTS = np.array([-2.0, -0.3, 0.4, 1.7])


def test_right_values_of_a_smooth_function_agree():
    found = judged(Made(np.sin, POINTS), np.cos(POINTS))
    assert not found.bad.any()
    assert not found.blind.any()
    assert found.kinks == []
    np.testing.assert_allclose(found.value, np.cos(POINTS), atol=1e-9)
    assert (np.abs(found.value - np.cos(POINTS)) <= found.error).all()


@pytest.mark.parametrize("factor", [1 + 1e-6, -1.0, 2.0, 0.0])
def test_a_wrong_value_is_bad_where_it_is(factor):
    analytic = np.cos(POINTS)
    analytic[2] *= factor
    assert judged(Made(np.sin, POINTS), analytic).bad.tolist() == [False, False, True, False]


def test_finer_steps_decide_where_the_function_bends():
    made = Made(lambda x: np.sin(1e6 * x), POINTS)
    found = judged(made, 1e6 * np.cos(1e6 * POINTS))
    assert not found.bad.any()
    assert not found.blind.any()
    assert max(made.levels) >= 2
    assert judged(made, 1.001e6 * np.cos(1e6 * POINTS)).bad.all()


def test_a_function_that_bends_within_the_finest_steps_is_not_judged():
    made = Made(lambda x: np.sin(1e16 * x), POINTS)
    found = judged(made, np.ones(4))
    assert not found.bad.any()
    assert found.blind.all()
    assert FINEST in made.levels


def test_coarser_steps_decide_where_there_is_noise():
    chance = np.random.default_rng(0)
    made = Made(lambda x: np.sin(x) + 1e-6 * chance.standard_normal(x.shape), POINTS)
    found = judged(made, np.cos(POINTS), noise=4e-6)
    assert not found.bad.any()
    assert not found.blind.any()
    assert min(made.levels) < 0
    assert judged(made, -np.cos(POINTS), noise=4e-6).bad.all()


def test_where_noise_hides_the_slope_nothing_is_wrong_and_nothing_agrees():
    chance = np.random.default_rng(0)
    made = Made(lambda x: np.sin(x) + 100.0 * chance.standard_normal(x.shape), POINTS)
    found = judged(made, -np.cos(POINTS), noise=400.0, scale=100.0)
    assert not found.bad.any()
    assert found.blind.all()
    assert min(made.levels) >= COARSEST


def test_a_large_constant_blinds():
    made = Made(lambda x: 1e17 + x**2, POINTS)
    found = judged(made, -2 * POINTS, noise=4 * 2.0**-52 * 1e17, scale=1e17)
    assert not found.bad.any()
    assert found.blind.all()


def test_a_kink_lies_between_its_slopes():
    found = judged(Made(np.abs, [0.0, 1.0]), [0.3, 1.0])
    assert [kink.i for kink in found.kinks] == [0]
    assert found.kinks[0].left == pytest.approx(-1.0)
    assert found.kinks[0].right == pytest.approx(1.0)
    assert not found.bad.any()


@pytest.mark.parametrize("value", [1.001, 5.0, -1.1])
def test_a_value_outside_both_slopes_of_one_kink_is_wrong(value):
    found = judged(Made(np.abs, [0.0, 1.0]), [value, 1.0])
    assert found.bad.tolist() == [True, False]


@pytest.mark.parametrize(
    ("value", "wrong"), [(1.0, False), (1.02, True), (1.1, True), (-1.1, True)]
)
def test_a_kink_that_is_seen_again_nearby_is_one_kink(value, wrong):
    found = judged(Made(np.abs, [0.0], jumps=(2.02, 0.0)), [value])
    assert found.bad.tolist() == [wrong]
    found = judged(Made(lambda x: -np.abs(x), [0.0], jumps=(0.0, 2.02)), [value])
    assert found.bad.tolist() == [wrong]


def test_a_curve_that_noise_hides_on_finer_steps_is_no_kink():
    chance = np.random.default_rng(0)
    made = Made(lambda x: 1e4 * x**2 + 1e-7 * chance.standard_normal(x.shape), [1e-5])
    for value in (0.2, 0.0, -0.4):
        assert judged(made, [value], noise=4e-7).kinks == []


def test_where_several_kinks_meet_each_may_count_or_not():
    """|x| - 0.5 |x| has slopes -0.5 and 0.5, and with one subgradient of each up to 1.5."""
    made = Made(lambda x: 0.5 * np.abs(x), [0.0], jumps=(2.0, 1.0))
    for value, wrong in ((1.4, False), (-1.4, False), (1.7, True), (1e6, True)):
        found = judged(made, [value])
        assert found.bad.tolist() == [wrong], value
        assert found.kinks[0].several is not wrong


def test_a_kink_beside_the_point_is_seen_past():
    found = judged(Made(lambda x: np.maximum(x, 0), [1e-6, -1e-6]), [1.0, 0.0])
    assert found.kinks == []
    assert not found.bad.any()
    assert judged(Made(lambda x: np.maximum(x, 0), [1e-6, -1e-6]), [0.0, 1.0]).bad.all()


def test_where_finer_steps_are_lost_a_bar_holds_the_slopes_around_the_point():
    """Several kinks within the step, whose slopes are small beside the other gradient."""
    kinks, heights = STEP * np.array([2.0, 0.08, 0.11]), np.array([-2.9e-7, 2.6e-7, -1.7e-7])

    def f(x):
        bent = heights * np.maximum(-kinks - x[:, None], 0)
        return np.where(x > 1, x, bent.sum(axis=1))

    found = judged(Made(f, [0.0, 2.0]), [0.0, 1.0], noise=1e-14)
    assert found.kinks == []
    assert found.error[0] < 1e-7
    assert not found.bad.any()
    assert not found.blind.any()
    assert judged(Made(f, [0.0, 2.0]), [1e-3, 1.0], noise=1e-14).bad.tolist() == [True, False]


def test_curvature_and_noise_are_no_kinks():
    chance = np.random.default_rng(0)
    assert judged(Made(lambda x: 1e3 * x**2, POINTS), 2e3 * POINTS).kinks == []
    made = Made(lambda x: np.sin(x) + 1e-7 * chance.standard_normal(x.shape), POINTS)
    assert judged(made, np.cos(POINTS), noise=4e-7).kinks == []


def test_a_function_that_moves_in_steps_has_no_slope_of_0():
    made = Made(lambda x: np.round(np.sin(x), 3), POINTS, resolution=1e-3)
    found = judged(made, np.cos(POINTS))
    assert not found.bad.any()
    assert (np.abs(found.value - np.cos(POINTS)) <= 2 * found.error).all()


def test_a_slope_that_is_0_is_told_from_the_others():
    made = Made(lambda x: np.where(x > 0, np.sin(x), 0.0), [-1.0, 1.0])
    found = judged(made, [0.0, np.cos(1.0)])
    assert not found.bad.any()
    assert not found.blind.any()
    assert judged(made, [1e-3, np.cos(1.0)]).bad.tolist() == [True, False]


def test_tolerances_take_the_place_of_rounding():
    made = Made(np.sin, POINTS)
    wrong = np.cos(POINTS) * 1.01
    assert judged(made, wrong).bad.all()
    assert not judged(made, wrong, rtol=0.02).bad.any()
    assert not judged(made, wrong, atol=0.02).bad.any()


def test_one_bad_value_among_many_is_confirmed_on_other_steps():
    points = np.linspace(-3, 3, 2000)
    analytic = np.cos(points)
    analytic[777] += 1e-6
    made = Made(np.sin, points)
    found = judged(made, analytic)
    assert np.flatnonzero(found.bad).tolist() == [777]
    assert any(level != round(level) for level in made.levels)


def test_a_slope_is_trusted_where_the_function_hardly_bends():
    made = Made(np.abs, [0.0, 0.5 * STEP, 1.0])
    error = trusted_error(made(0, np.arange(3)), 1e-15)
    assert np.isinf(error[:2]).all()
    assert error[2] < 1e-9


def test_where_the_function_is_not_finite_nothing_is_known():
    with np.errstate(invalid="ignore"):
        found = judged(Made(np.sqrt, [0.0, 1.0]), [1.0, 0.5])
    assert not np.isfinite(found.error[0])
    assert found.blind.tolist() == [True, False]


@pytest.mark.filterwarnings("ignore:overflow")  # of the function itself
def test_where_it_overflows_on_both_sides_and_noise_hides_finer_steps_nothing_is_known():
    found = judged(Made(lambda x: np.sinh(500 * x / STEP), [0.0]), [1.0], noise=1e15)
    assert np.isinf(found.error).all()
    assert not found.bad.any()
    assert found.blind.all()
    assert found.kinks == []


def test_what_matters_beside_the_largest_where_there_is_no_float64():
    """A share that grows with what can't be resolved, and is a tenth at most."""
    analytic = np.array([0.5, -2.0, 1.0, 0.25])
    found = judged(Made(np.sin, POINTS), analytic, fine=False)
    shares = []
    for noise in (1e-9, 1e-7, 1.0):
        limits = Limits(noise, 1.0, np.full(4, 1e-15), fine=False, reference=10.0)
        width = negligible(found, noise, limits)
        share = min(0.1, NEGLIGIBLE * limits.resolution(noise))
        np.testing.assert_allclose(width, share * 10.0, rtol=1e-12)  # of all gradients
        shares.append(share)
    assert shares[0] < shares[1] < shares[2] == 0.1


def test_a_wide_bar_shows_what_matters_where_the_value_is_near_and_no_0():
    limits = Limits(1e-12, 1.0, np.full(4, 1e-15))
    found = judged(Made(np.sin, POINTS), [np.cos(-2.0), -1.0, 0.0, -0.5], noise=1e-12)
    shares = negligible(found, 1e-12, limits)
    np.testing.assert_allclose(shares, [1e-4, 1e-6, 1e-6, 1e-6], rtol=1e-12)
    found = judged(Made(np.sin, POINTS), np.cos(POINTS))
    limits = Limits(1e-15, 1.0, np.full(4, 1e-15))
    share = NEGLIGIBLE * limits.resolution(1e-15)
    np.testing.assert_allclose(
        negligible(found, 1e-15, limits), share * np.cos(POINTS).max(), rtol=1e-9
    )


@pytest.mark.parametrize(
    ("fine", "noise", "dout", "blind"),
    [
        (False, 1e-9, 1.0, False),
        (False, 1e-6, 1.0, True),
        (True, 1e-12, 1.0, False),
        (True, 1e-12, 1e-3, True),
    ],
)
def test_a_gradient_of_0_is_blind_where_its_bar_is_wide_beside_dout(fine, noise, dout, blind):
    made = Made(lambda x: 0.0 * x, POINTS)
    found = judged(made, np.zeros(4), noise, fine=fine, dout=dout, coarsest=0)
    assert not found.bad.any()
    assert found.blind.tolist() == [blind] * 4


def test_the_terms_of_an_entry_are_as_large_as_its_row_and_its_column():
    made = object.__new__(compare._Comparison)
    made.way, made.indices = None, np.arange(6)
    values = np.array([[-9.0, 1.0, 0.0], [2.0, -1.0, 3.0]])
    found = made._magnitude(values.ravel(), values.shape)
    np.testing.assert_array_equal(found.reshape(2, 3), [[9.0, 1.0, 3.0], [3.0, 1.0, 3.0]])
