import numpy as np
import pytest

from backprop import Affine, Elementwise, Relu, Tanh, gradcheck
from backprop.layers import is_elementwise
from tests.support import Case


class Cube(Elementwise):
    def value(self, x):
        return x * x * x, x

    def slope(self, x):
        return 3 * x * x


@pytest.mark.traced
def test_a_function_and_its_slope_are_a_layer(case: Case):
    x, dout = case.array([[1.0, -2.0], [0.5, 0.0]]), case.array([[1.0, 2.0], [3.0, 4.0]])

    def step(x, dout):
        layer = Cube()
        return layer.forward(x), layer.backward(dout), layer.backward(2)

    y, dx, twice = case.run(step, x, dout)
    case.check(y, [[1.0, -8.0], [0.125, 0.0]])
    case.check(dx, [[3.0, 24.0], [2.25, 0.0]])
    case.check(twice, [[6.0, 24.0], [1.5, 0.0]])


def test_a_slope_of_whole_numbers_or_of_truth_values(case: Case):
    class Steps(Elementwise):
        def value(self, x):
            return case.xp.floor(x), x

        def slope(self, x):
            return x > 0

    layer = Steps()
    layer.forward(case.array([-1.5, 2.5]))
    case.check(layer.backward(case.array([2.0, 3.0])), [0.0, 3.0])


def test_numbers_stay_numbers():
    layer = Cube()
    assert layer.forward(2.0) == 8.0
    assert layer.backward(0.5) == 6.0


def test_a_wrong_slope_is_found():
    class Wrong(Cube):
        def slope(self, x):
            return 2 * x * x

    x = np.array([0.5, 2.0])
    assert gradcheck(Cube(), x).ok
    assert not gradcheck(Wrong(), x).ok


def test_a_pass_of_its_own_is_not_taken_for_elementwise():
    class Centered(Tanh):
        def forward(self, x):
            return super().forward(x - x.mean())

    class Doubled(Tanh):
        def backward(self, dout=1):
            return 2 * super().backward(dout)

    patched, other = Tanh(), Tanh()
    patched.forward = lambda x: x
    other.value = lambda x: (x, x)
    assert is_elementwise(Relu())
    assert is_elementwise(Cube())
    assert is_elementwise(Doubled())  # its gradient is its own affair, its values are not
    assert not is_elementwise(Centered())
    assert not is_elementwise(patched)
    assert not is_elementwise(other)
    assert not is_elementwise(Affine(np.ones((1, 1)), np.ones(1)))
    assert not is_elementwise(object())


def test_what_a_subclass_must_define():
    class Nothing(Elementwise):
        pass

    with pytest.raises(NotImplementedError, match="Nothing must define value"):
        Nothing().forward(1.0)
    layer = Nothing()
    layer.cache = 1.0
    with pytest.raises(NotImplementedError, match="Nothing must define slope"):
        layer.backward()
