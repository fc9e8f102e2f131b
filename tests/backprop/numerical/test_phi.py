"""The values of φ that a check asks for: how far it moves what."""

import numpy as np
import pytest

from backprop.numerical.perturb import Place
from backprop.numerical.phi import Phi
from backprop.numerical.slopes import FACTORS
from backprop.numerical.steps import step_for

STEP = step_for(np.finfo(np.float64).eps)


@pytest.fixture
def moves():
    """Let Phi move the entries of x, and return how far each was moved."""

    def call(x, *args, **kwargs):
        seen = []

        def value():
            seen.append(x.copy())
            return np.asarray(x.sum())

        start = x.copy()
        found = Phi({"x": Place({"x": x}, "x")}, value, 1.0).at("x", np.arange(2), *args, **kwargs)
        np.testing.assert_array_equal(x, start)
        np.testing.assert_allclose(found.value, 1.0, rtol=1e-6)
        apart = np.array(seen) - start
        return [set(column[column != 0.0]) for column in apart.T]

    return call


def test_a_step_fits_the_magnitude_of_its_entry_and_is_no_smaller_than_for_1(moves):
    small, large = moves(np.array([0.5, 2.0**20]), None, 0)
    assert small == {factor * STEP for factor in FACTORS}
    assert large == {factor * STEP * 2.0**20 for factor in FACTORS}


def test_a_step_that_is_given_is_the_same_for_all(moves):
    small, large = moves(np.array([0.5, 2.0**20]), 0.25, 0)
    assert small == large == {factor * 0.25 for factor in FACTORS}


def test_a_level_refines_it_and_two_evaluations_are_enough_where_one_slope_is(moves):
    small, _ = moves(np.array([0.5, 1.0]), None, 1, two=True)
    assert small == {factor * STEP / 16 for factor in FACTORS[:2]}
