"""The numbers of chapter 5: backpropagation."""

import numpy as np
import pytest

from backprop import AddLayer, Affine, MulLayer, Relu, Sigmoid, SoftmaxWithLoss
from tests.support import Case


def test_a_sum_hands_on_what_it_gets():
    """Section 5.3.1: 10 + 5."""
    layer = AddLayer()
    assert layer.forward(10, 5) == 15
    assert layer.backward(1.3) == (1.3, 1.3)


def test_a_product_turns_its_inputs_over():
    """Section 5.3.2: 10 * 5."""
    layer = MulLayer()
    assert layer.forward(10, 5) == 50
    assert layer.backward(1.3) == (6.5, 13)


def test_price_of_apples_and_its_derivatives():
    mul_apple_layer, mul_tax_layer = MulLayer(), MulLayer()
    price = mul_tax_layer.forward(mul_apple_layer.forward(100, 2), 1.1)
    dapple_price, dtax = mul_tax_layer.backward(1)
    dapple, dapple_num = mul_apple_layer.backward(dapple_price)
    assert price == pytest.approx(220, rel=1e-15)
    assert [dapple, dapple_num, dtax] == pytest.approx([2.2, 110, 200], rel=1e-15)


@pytest.mark.parametrize(
    "kind", ["numbers", pytest.param("arrays", marks=pytest.mark.needs_values)]
)
def test_apple_and_orange(case: Case, kind):
    values = [100.0, 2.0, 150.0, 3.0, 1.1]
    if kind == "arrays":
        values = [case.array(np.asarray(value)) for value in values]
    apple, apple_num, orange, orange_num, tax = values
    mul_apple, mul_orange, add, mul_tax = MulLayer(), MulLayer(), AddLayer(), MulLayer()
    apple_price = mul_apple.forward(apple, apple_num)
    orange_price = mul_orange.forward(orange, orange_num)
    price = mul_tax.forward(add.forward(apple_price, orange_price), tax)
    dfruit, dtax = mul_tax.backward(1)
    dapples, doranges = add.backward(dfruit)
    dorange, dorange_num = mul_orange.backward(doranges)
    dapple, dapple_num = mul_apple.backward(dapples)
    found = [price, dapple_num, dapple, dorange, dorange_num, dtax]
    tolerance = 1e-6 if case.dtype == "float32" else 1e-15
    assert list(map(float, found)) == pytest.approx([715, 110, 2.2, 3.3, 165, 650], rel=tolerance)


def test_relu_mask(case: Case):
    layer = Relu()
    case.check(layer.forward(case.array([[1.0, -0.5], [-2.0, 3.0]])), [[1, 0], [0, 3]])
    case.check(layer.backward(case.array([[1.0, 1.0], [1.0, 1.0]])), [[1, 0], [0, 1]])


def test_sigmoid_differentiates_by_its_output(case: Case):
    layer = Sigmoid()
    y = case.numpy(layer.forward(case.array([-1.0, 1.0, 2.0])))
    case.check(layer.backward(), y * (1 - y))


def test_affine_adds_the_bias_to_each_row(case: Case):
    """Section 5.6.2: the bias goes to every sample, and its gradient comes from all."""
    layer = Affine(case.array([[10.0, 10.0, 10.0]]), case.array([1.0, 2.0, 3.0]))
    case.check(layer.forward(case.array([[0.0], [1.0]])), [[1, 2, 3], [11, 12, 13]])
    layer.backward(case.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]))
    case.check(layer.db, [5, 7, 9])


@pytest.mark.parametrize(
    ("y", "expected"),
    [([0.3, 0.2, 0.5], [0.3, -0.8, 0.5]), ([0.01, 0.99, 0.0], [0.01, -0.01, 0.0])],
)
def test_softmax_with_loss_hands_back_the_difference(case: Case, y, expected):
    """Section 5.6.3: y - t, large where the answer is wrong."""
    layer = SoftmaxWithLoss()
    scores = np.log(np.maximum(y, 1e-30))
    loss = layer.forward(case.array(scores), case.array([0.0, 1.0, 0.0]))
    case.check(loss, -np.log(y[1]))
    case.check(layer.backward(), expected)
