import math

import pytest

from backprop import PowLayer
from tests.support import Case


def test_python_numbers_stay_numbers():
    layer = PowLayer()
    assert layer.forward(2, -1) == 0.5
    assert layer.backward() == (-0.25, pytest.approx(0.5 * math.log(2)))


def test_powers_of_zero_and_of_negative_numbers(case: Case):
    """The square of what may be negative warns of nothing: warnings are errors here."""
    layer = PowLayer()
    case.check(layer.forward(case.array([-3.0, 0.0, 2.0]), 2), [9.0, 0.0, 4.0])
    dx, dy = layer.backward()
    case.check(dx, [-6.0, 0.0, 4.0])
    case.check(dy, math.nan)
    case.check(layer.forward(case.array([-3.0, 0.0]), 0), [1.0, 1.0])
    case.check(layer.backward()[0], [0.0, 0.0])
    exponents = case.array([1.0, 2.0, 0.0])
    layer.forward(case.array([-3.0, 0.0, 0.0]), exponents)
    dx, dy = layer.backward()
    case.check(dx, [1.0, 0.0, 0.0])
    case.check(dy, [math.nan, 0.0, 0.0])


def test_powers_of_numbers_that_are_zero_or_negative():
    layer = PowLayer()
    assert layer.forward(0, 0) == 1
    assert layer.backward() == (0, 0)
    assert layer.forward(0.0, 1) == 0
    assert layer.backward() == (1, 0)
    assert layer.forward(0.5, 3) == 0.125
    assert layer.backward() == (0.75, pytest.approx(0.125 * math.log(0.5)))
    assert layer.forward(-2, 2) == 4
    dx, dy = layer.backward()
    assert dx == -4
    assert math.isnan(dy)
    with pytest.raises(ValueError, match=r"`x \*\* y` must be real; got -8 \*\* 0.5"):
        layer.forward(-8, 0.5)
