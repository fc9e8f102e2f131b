"""What has run is what goes back: a layer that has run again since is refused."""

import numpy as np
import pytest

from backprop import Affine
from backprop.graph import Variable, apply
from backprop.graph.record import Constant, Recorded, apply_as, ordered

AGAIN = "each operation needs a layer of its own; this Affine has run again"


def affine() -> Affine:
    return Affine(np.eye(2), np.zeros(2))


def test_a_layer_that_has_run_outside_the_graph_is_refused():
    layer, x = affine(), Variable(np.ones((1, 2)))
    y = apply(layer, x)
    layer.forward(x.value + 1)
    with pytest.raises(RuntimeError, match=AGAIN):
        y.backward()


def test_a_layer_that_has_run_on_the_same_input_is_refused():
    layer, x = affine(), Variable(np.ones((1, 2)))
    with pytest.raises(RuntimeError, match=AGAIN):
        (apply(layer, x) + apply(layer, x)).backward()


def test_a_layer_that_has_run_in_another_graph_is_refused():
    layer, x = affine(), Variable(np.ones((1, 2)))
    y, other = apply(layer, x), apply(layer, Variable(np.ones((1, 2))))
    other.backward()
    with pytest.raises(RuntimeError, match=AGAIN):
        y.backward()


def test_a_layer_may_go_back_as_often_as_asked():
    layer, x = affine(), Variable(np.array([[1.0, 2.0]]))
    y = apply(layer, x)
    y.backward()
    y.backward(10)
    assert x.grad.tolist() == [[10.0, 10.0]]
    assert layer.dW.tolist() == [[10.0, 10.0], [20.0, 20.0]]


def test_nothing_of_an_earlier_backward_is_left_after_an_error():
    layer, x = affine(), Variable(np.ones((1, 2)))
    hidden = apply(affine(), x)
    y = apply(layer, hidden)
    y.backward()
    assert hidden.operation.grads
    layer.forward(x.value)
    with pytest.raises(RuntimeError, match=AGAIN):
        y.backward()
    assert x.grad is hidden.grad is None
    assert hidden.operation.grads == y.operation.grads == ()


def test_the_result_is_of_the_kind_that_was_asked_for():
    x = Recorded(np.ones((1, 2)), "x")
    y = apply_as(Recorded, affine(), x)
    assert type(y) is Recorded
    assert type(apply(affine(), y)) is Variable
    with pytest.raises(TypeError, match="one of the inputs must be a Recorded; got Constant"):
        apply_as(Recorded, affine(), Constant(1.0))


def test_each_value_comes_after_its_inputs_and_once():
    x = Variable(2.0)
    a, b = x * 3, x + 1
    y = a * b * x
    order = ordered(y)
    assert len(order) == len(set(order)) == 5
    for i, recorded in enumerate(order):
        inputs = recorded.operation.inputs if recorded.operation else ()
        assert all(v in order[:i] for v in inputs if isinstance(v, Variable))
    assert order[-1] is y
