"""The numbers of chapter 4: learning."""

import numpy as np
import pytest

from backprop import (
    Affine,
    Network,
    SoftmaxWithLoss,
    TwoLayerNet,
    functions,
    gradient_descent,
    numerical_diff,
    numerical_gradient,
)
from tests.support import Case, normal

STEP = 1e-4  # the book's
T = [0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
RIGHT = [0.1, 0.05, 0.6, 0.0, 0.05, 0.1, 0.0, 0.1, 0.0, 0.0]
WRONG = [0.1, 0.05, 0.1, 0.0, 0.05, 0.1, 0.0, 0.6, 0.0, 0.0]


@pytest.mark.parametrize(("y", "expected"), [(RIGHT, 0.09750000000000003), (WRONG, 0.5975)])
def test_sum_squared_error(case: Case, y, expected):
    case.check(functions.sum_squared_error(case.array(y), case.array(T)), expected)


@pytest.mark.parametrize(
    ("y", "expected"), [(RIGHT, 0.51082545709933802), (WRONG, 2.3025840929945458)]
)
def test_cross_entropy_error(case: Case, y, expected):
    case.check(functions.cross_entropy_error(case.array(y), case.array(T)), expected)
    case.check(functions.cross_entropy_error(case.array(y), case.array(2)), expected)
    case.check(functions.cross_entropy_error(case.array([y, y]), case.array([2, 2])), expected)


def function_1(x):
    return 0.01 * x**2 + 0.1 * x


def test_derivatives_to_the_last_digit():
    assert numerical_diff(function_1, 5, STEP) == 0.1999999999990898
    assert numerical_diff(function_1, 10, STEP) == 0.2999999999986347


def test_partial_derivatives():
    assert numerical_diff(lambda x0: x0 * x0 + 4.0**2.0, 3.0, STEP) == 6.00000000000378
    assert numerical_diff(lambda x1: 3.0**2.0 + x1 * x1, 4.0, STEP) == 7.999999999999119


def function_2(x):
    return x[0] ** 2 + x[1] ** 2


def needs_float64(case: Case) -> None:
    if case.dtype != "float64":
        pytest.skip("the book's digits are those of float64")


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        ([3.0, 4.0], [6.00000000000378, 7.999999999999119]),
        ([0.0, 2.0], [0.0, 4.0]),
        ([3.0, 0.0], [6.0, 0.0]),
    ],
)
@pytest.mark.needs_values
def test_gradients_of_a_sum_of_squares(case: Case, x, expected):
    needs_float64(case)
    case.check(numerical_gradient(function_2, case.array(x), STEP), expected, rtol=1e-11)


def test_gradients_to_the_last_digit():
    gradient = numerical_gradient(lambda x: np.sum(x**2), np.array([3.0, 4.0]), STEP)
    assert gradient.tolist() == [6.00000000000378, 7.999999999999119]


@pytest.mark.parametrize(
    ("lr", "expected"),
    [
        (0.1, [-6.11110793e-10, 8.14814391e-10]),
        (10.0, [-2.58983747e13, -1.29524862e12]),
        (1e-10, [-2.99999994, 3.99999992]),
    ],
)
@pytest.mark.needs_values
def test_gradient_descent(case: Case, lr, expected):
    needs_float64(case)
    x = case.array([-3.0, 4.0])
    found = gradient_descent(function_2, x, lr=lr, step_num=100, step=STEP)
    assert [f"{v:.8e}" for v in case.numpy(found)] == [f"{v:.8e}" for v in expected]
    assert case.numpy(x).tolist() == [-3.0, 4.0]


W = [[0.47355232, 0.9977393, 0.84668094], [0.85557411, 0.03563661, 0.69422093]]
DW = [[0.21924763, 0.14356247, -0.36281009], [0.32887144, 0.2153437, -0.54421514]]


@pytest.mark.needs_values
def test_simple_net(case: Case):
    layer = Affine(case.array(W), case.array([0.0, 0.0, 0.0]))
    net = Network({"Affine1": layer}, SoftmaxWithLoss())
    x, t = case.array([0.6, 0.9]), case.array([0.0, 0.0, 1.0])
    p = net.predict(x)
    case.check(p, [1.05414809, 0.63071653, 1.1328074], rtol=1e-8)
    assert int(np.argmax(case.numpy(p))) == 2
    case.check(net.loss(x, t), 0.92806853663411326, rtol=1e-8)
    case.check(net.gradient(x, t)["W1"], DW, rtol=1e-7)
    if case.backend.has_float64:
        case.check(net.numerical_gradient(x, t, STEP)["W1"], DW, rtol=1e-7)


def test_simple_net_as_the_book_differentiates_it():
    """The function ignores its argument: it reads the weights that are being changed."""
    weights, x, t = np.array(W), np.array([0.6, 0.9]), np.array([0.0, 0.0, 1.0])

    def loss(_):
        return functions.cross_entropy_error(functions.softmax(x @ weights), t, eps=0)

    np.testing.assert_allclose(numerical_gradient(loss, weights, STEP), DW, atol=5e-9)


def test_shapes_of_the_two_layer_net(case: Case):
    net = TwoLayerNet(784, 100, 10, dtype=case.dtype, backend=case.backend)
    shapes = {"W1": (784, 100), "b1": (100,), "W2": (100, 10), "b2": (10,)}
    assert {name: tuple(value.shape) for name, value in net.params.items()} == shapes
    y = net.predict(normal(case, 100, 784))
    assert tuple(y.shape) == (100, 10)
