"""The numbers of chapter 3: neural networks."""

import numpy as np
import pytest

from backprop import Affine, Network, SoftmaxWithLoss, functions
from tests.support import Case

PARAMS = {
    "W1": [[0.1, 0.3, 0.5], [0.2, 0.4, 0.6]],
    "b1": [0.1, 0.2, 0.3],
    "W2": [[0.1, 0.4], [0.2, 0.5], [0.3, 0.6]],
    "b2": [0.1, 0.2],
    "W3": [[0.1, 0.3], [0.2, 0.4]],
    "b3": [0.1, 0.2],
}


@pytest.mark.parametrize(
    ("function", "x", "y"),
    [
        (functions.step, [-1.0, 1.0, 2.0], [0, 1, 1]),
        (functions.sigmoid, [-1.0, 1.0, 2.0], [0.26894142, 0.73105858, 0.88079708]),
        (functions.relu, [-1.0, 1.0, 2.0], [0, 1, 2]),
    ],
)
def test_activations_have_the_book_s_values(case: Case, function, x, y):
    case.check(function(case.array(x)), y, rtol=1e-8)


def test_products_of_matrices(case: Case):
    """Section 3.3.3: what a network without bias and activation computes."""
    W = case.array([[1.0, 3.0, 5.0], [2.0, 4.0, 6.0]])
    layer = Affine(W, case.array([0.0, 0.0, 0.0]))
    case.check(layer.forward(case.array([1.0, 2.0])), [5, 11, 17])


def test_the_layers_of_the_three_layer_network(case: Case):
    """Section 3.4.2: A1, Z1, A2, Z2 and the output."""
    net = Network.from_params(PARAMS, "sigmoid", dtype=case.dtype, backend=case.backend)
    x = case.array([1.0, 0.5])
    expected = {
        "Affine1": [0.3, 0.7, 1.1],
        "Sigmoid1": [0.57444252, 0.66818777, 0.75026011],
        "Affine2": [0.51615984, 1.21402696],
        "Sigmoid2": [0.62624937, 0.7710107],
        "Affine3": [0.31682708, 0.69627909],
    }
    for name, layer in net.layers.items():
        x = layer.forward(x)
        case.check(x, expected[name], rtol=1e-8)
    case.check(functions.identity(x), [0.31682708, 0.69627909], rtol=1e-8)


def test_predict_of_the_three_layer_network(case: Case):
    net = Network.from_params(PARAMS, "sigmoid", dtype=case.dtype, backend=case.backend)
    case.check(net.predict(case.array([1.0, 0.5])), [0.31682708, 0.69627909], rtol=1e-8)


def test_softmax_has_the_book_s_values_and_sums_to_one(case: Case):
    y = functions.softmax(case.array([0.3, 2.9, 4.0]))
    case.check(y, [0.01821127, 0.24519181, 0.73659691], rtol=1e-8)
    case.check(case.xp.sum(y), 1.0)


@pytest.mark.needs_values
def test_softmax_does_not_overflow(case: Case):
    y = case.numpy(functions.softmax(case.array([1010.0, 1000.0, 990.0])))
    expected = [9.99954600e-01, 4.53978686e-05, 2.06106005e-09]
    np.testing.assert_allclose(y, expected, rtol=1e-8 if case.dtype == "float64" else 1e-5)


@pytest.mark.needs_values
@pytest.mark.needs_indices
def test_accuracy_of_a_batch(case: Case):
    """Section 3.6.3: argmax along the rows is 1, 2, 1, 0, and three of four are right."""
    rows = [[0.1, 0.8, 0.1], [0.3, 0.1, 0.6], [0.2, 0.5, 0.3], [0.8, 0.1, 0.1]]
    y, t = case.array(rows), case.array([1, 2, 0, 0])
    assert case.numpy(case.xp.argmax(y, axis=1)).tolist() == [1, 2, 1, 0]
    assert Network({}, SoftmaxWithLoss()).accuracy(y, t) == 0.75
