"""Noise told from curvature, by what is left over on made-up levels."""

import math

import pytest

from backprop.gradients.settled import settled


@pytest.mark.parametrize(
    ("left", "noise"),
    [
        ({0: 1e-9}, 1e-9),  # no more than rounding
        ({0: 1.0, 1: 2.0**-16, 2: 1e-9}, 1e-9),  # a bend
        ({0: 1.0, 0.5: 2.0**-8, 1: 1e-9}, 1e-9),
        ({0: 1.0, 0.5: 0.5, 1: 1e-9}, 0.5),  # it breaks off
        ({0: 1e-2, 1: 1e-2, 2: 1e-2}, 1e-2),  # it stays
        ({0: 1.0, 1: 0.05, 2: 1e-9}, 1e-9),  # it falls
        (
            {0: 1.0, 1: 0.5, 2: 0.025, 3: 1e-9},
            0.025,
        ),  # as noise does after levels on which it stays
        ({0: 1.0, 1: 0.5, 2: 0.001, 3: 1e-9}, 1e-9),  # but not so far
        ({0: math.inf, 1: 1e-9}, 1e-9),
        ({0: math.nan, 1: math.nan}, 0.0),
    ],
)
def test_what_falls_is_a_bend_and_what_stays_is_noise(left, noise):
    levels = [level for level in left if level != 0.5]
    assert settled(left.__getitem__, 1e-6, levels) == noise
