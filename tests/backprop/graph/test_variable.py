import math
import operator

import numpy as np
import pytest

from backprop import Affine, MulLayer, Relu, SoftmaxWithLoss, graph
from backprop.graph import Constant, Variable, apply
from tests.support import Case, central_difference, normal

OPERATORS = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "**": operator.pow,
}


def test_apples_and_oranges_of_the_book():
    apples, apple = Variable(2, "apples"), Variable(100, "apple")
    oranges, orange = Variable(3, "oranges"), Variable(150, "orange")
    tax = Variable(1.1, "tax")
    fruit = apple * apples + orange * oranges
    price = fruit * tax
    assert price.value == pytest.approx(715)
    assert apple.grad is None
    price.backward()
    grads = [v.grad for v in (apple, apples, orange, oranges, tax, fruit, price)]
    assert grads == pytest.approx([2.2, 110, 3.3, 165, 650, 1.1, 1])


def test_the_operation_is_a_layer_of_the_library():
    x, y = Variable(2.0), Variable(3.0)
    z = x * y
    assert isinstance(z.operation.layer, MulLayer)
    assert z.operation.inputs == (x, y)
    assert x.operation is None
    z.backward(10)
    assert z.operation.grads == (30.0, 20.0)


@pytest.mark.parametrize("sign", OPERATORS)
def test_operators_give_value_and_gradients_on_every_library(case: Case, sign):
    f = OPERATORS[sign]
    a, b = np.array([[1.5, 0.5]]), np.array([[2.0], [3.0]])
    dout = np.array([[1.0, 10.0], [100.0, 1000.0]])
    x, y = Variable(case.array(a)), Variable(case.array(b))
    z = f(x, y)
    case.check(z.value, f(a, b))
    z.backward(case.array(dout))
    numerical = central_difference(lambda v: float(np.sum(f(v, b) * dout)), a)
    case.check(x.grad, numerical, rtol=1e-8)
    numerical = central_difference(lambda v: float(np.sum(f(a, v) * dout)), b)
    case.check(y.grad, numerical, rtol=1e-8)


def on_the_left(case: Case, x):
    """Return `x`, wrapped where its library raises an error at operands of other types."""
    return Constant(x) if case.backend.name == "array-api-strict" else x


@pytest.mark.parametrize("sign", OPERATORS)
def test_a_number_or_an_array_on_either_side(case: Case, sign):
    f = OPERATORS[sign]
    a, b = np.array([1.5, 0.5]), np.array([2.0, 3.0])
    x, other = Variable(case.array(a)), case.array(b)
    for left, right, g in [
        (x, 3, lambda v: f(v, 3)),
        (3.0, x, lambda v: f(3.0, v)),
        (x, other, lambda v: f(v, b)),
        (on_the_left(case, other), x, lambda v: f(b, v)),
    ]:
        z = f(left, right)
        assert isinstance(z, Variable)
        case.check(z.value, g(a))
        z.backward()
        case.check(x.grad, central_difference(lambda v, g=g: float(np.sum(g(v))), a), rtol=1e-8)


def test_numpy_scalars_on_the_left():
    x = Variable(2.0)
    y = np.float64(3) * x
    assert isinstance(y, Variable)
    y.backward()
    assert x.grad == 3


def test_numpy_functions_refuse_a_variable():
    with pytest.raises(TypeError, match="does not support ufuncs"):
        np.exp(Variable(2.0))


def test_matrix_product_on_either_side(case: Case):
    W = normal(case, 3, 3)
    x = Variable(case.array(np.eye(3)))
    (on_the_left(case, W) @ x).backward()
    case.check(x.grad, np.repeat(case.numpy(W).sum(axis=0)[:, None], 3, axis=1))
    (x @ W).backward()
    case.check(x.grad, np.repeat(case.numpy(W).sum(axis=1)[None, :], 3, axis=0))


def test_minus_exp_and_log(case: Case):
    x = Variable(case.array([1.0, 2.0]))
    y = -graph.exp(x) + graph.log(x)
    case.check(y.value, -np.exp([1, 2]) + np.log([1, 2]))
    y.backward()
    case.check(x.grad, -np.exp([1, 2]) + [1, 0.5])
    z = Variable(2.0)
    (graph.exp(z) * graph.log(z)).backward()
    assert z.grad == pytest.approx(math.exp(2) * (math.log(2) + 0.5))


def test_derivatives_of_several_uses_add_up():
    x = Variable(3.0)
    y = x * x
    y.backward()
    assert x.grad == 6
    a, b = y + 1, y * 2
    z = a * b * x  # 2 x⁵ + 2 x³
    z.backward()
    assert x.grad == pytest.approx(10 * 3**4 + 6 * 3**2)
    assert y.grad == pytest.approx(4 * 27 + 2 * 3)  # of 2 y² x + 2 y x
    assert (a.grad, b.grad, z.grad) == (54.0, 30.0, 1)


def test_backward_begins_anew_each_time():
    x = Variable(3.0)
    y = x * x
    y.backward()
    y.backward(10)
    assert (x.grad, y.grad) == (60.0, 10)
    (x + 1).backward()
    assert x.grad == 1


def test_nothing_that_comes_in_is_changed():
    x, dout = Variable(np.ones(2)), np.array([1.0, 2.0])
    y = x + x + x
    y.backward(dout)
    assert x.grad.tolist() == [3, 6]
    assert dout.tolist() == [1, 2]
    assert x.value.tolist() == [1, 1]


def test_a_variable_by_itself():
    x = Variable(np.array([1.0, 2.0]))
    x.backward(2)
    assert x.grad.tolist() == [2, 2]


def test_long_chains():
    x = y = Variable(1.0)
    for _ in range(20_000):
        y = y * 1.0001
    y.backward()
    assert x.grad == pytest.approx(1.0001**20_000)
    assert y.to_dot().count("×") == 20_000
    assert y._repr_svg_() is None  # too large to be shown unasked


def test_layers_of_the_library(case: Case):
    W, b = normal(case, 4, 3), case.array(np.zeros(3))
    affine, t = Affine(W, b), case.array(np.array([0, 2]))
    x = Variable(normal(case, 2, 4, seed=1))
    loss = graph.apply(SoftmaxWithLoss(), graph.apply(Relu(), graph.apply(affine, x)), t)
    loss.backward()
    layers = Affine(W, b), Relu(), SoftmaxWithLoss()
    dout = layers[2].forward(layers[1].forward(layers[0].forward(x.value)), t) * 0 + 1
    for layer in layers[::-1]:
        dout = layer.backward(dout)
    case.check(x.grad, case.numpy(dout))
    case.check(affine.dW, case.numpy(layers[0].dW))


def test_constants_may_have_names():
    x = Variable(2.0)
    y = x * Constant(3.0, "three")
    y.backward()
    assert x.grad == 3
    assert "three" in y.to_dot()


def test_repr_shows_the_value_short_and_the_name():
    assert repr(Variable(110.00000000000001, "price")) == "Variable(110, 'price')"
    assert repr(Variable(np.ones((100, 50)))) == "Variable((100, 50))"


@pytest.mark.parametrize("value", ["a", None, [1.0], 1j, Variable(1)], ids=repr)
def test_other_values_are_refused(value):
    got = type(value).__name__
    with pytest.raises(TypeError, match=f"`value` must be a number or an array; got {got}"):
        Variable(value)
    if not isinstance(value, Variable):
        with pytest.raises(TypeError, match="unsupported operand type"):
            Variable(1) + value
        with pytest.raises(TypeError, match=f"an input must be a number or an array; got {got}"):
            graph.apply(MulLayer(), Variable(1), value)


def test_other_names_are_refused():
    with pytest.raises(TypeError, match="`name` must be a string; got int"):
        Variable(1, 2)


def test_what_is_no_layer_is_refused():
    with pytest.raises(TypeError, match="`layer` must be an object with .*; got the class Relu"):
        graph.apply(Relu, Variable(1.0))
    with pytest.raises(TypeError, match="`layer` must be an object with .*; got float"):
        graph.apply(1.0, Variable(1.0))
    with pytest.raises(TypeError, match="one of the inputs must be a Variable; got float"):
        graph.exp(1.0)
    with pytest.raises(TypeError, match="one of the inputs must be a Variable; got none"):
        graph.apply(Relu())


def test_one_layer_for_two_operations_is_refused():
    layer, x = Affine(np.eye(2), np.zeros(2)), Variable(np.ones((1, 2)))
    y = graph.apply(layer, graph.apply(layer, x))
    with pytest.raises(RuntimeError, match="needs a layer of its own; this Affine has run again"):
        y.backward()
    assert x.grad is None


def test_labels_that_are_a_variable_are_refused():
    t = Variable(np.array([1]))
    loss = graph.apply(SoftmaxWithLoss(), Variable(np.zeros((1, 2))), t)
    with pytest.raises(TypeError, match="SoftmaxWithLoss gives no derivative for input 2"):
        loss.backward()


def test_dout_must_fit():
    y = Variable(2.0) * 3.0
    with pytest.raises(TypeError, match="`dout` must be a number, as the value is one; got list"):
        y.backward([1])
    with pytest.raises(ValueError, match=r"`dout` must have shape \(2,\).*got \(3,\)"):
        (Variable(np.ones(2)) * 2).backward(np.ones(3))


def test_mixed_libraries_are_refused():
    strict = pytest.importorskip("array_api_strict")
    with pytest.raises(TypeError, match="arrays must be of one library"):
        Variable(np.ones(2)) * Variable(strict.ones(2))


class Square:
    """A layer in the book's style: it keeps its input under a name of its own."""

    def __init__(self, wrong=None):
        self.wrong = wrong

    def forward(self, x):
        self.x = x
        return x * x

    def backward(self, dout):
        return 2 * self.x * dout if self.wrong is None else self.wrong(self.x)


def test_a_foreign_layer_that_is_used_twice():
    layer, x = Square(), Variable(3.0)
    y = apply(layer, apply(layer, x))
    with pytest.raises(RuntimeError, match="needs a layer of its own; this Square has run again"):
        y.backward()
    y = apply(Square(), apply(Square(), x))
    y.backward()
    assert x.grad == 108.0


def test_a_layer_that_gives_no_derivative_or_a_wrong_one():
    x = Variable(np.ones(2))
    with pytest.raises(
        TypeError, match="a derivative from Square must be a number or an array; got"
    ):
        apply(Square(lambda x: None), x).backward()
    with pytest.raises(ValueError, match=r"from Square must have shape \(2,\); got \(3, 3\)"):
        apply(Square(lambda x: np.ones((3, 3))), x).backward()
    apply(Square(lambda x: [2 * x]), x).backward()
    assert x.grad.tolist() == [2, 2]


def test_integers_have_gradients_too(case: Case):
    x = Variable(case.array([1, 2]))
    y = x * x / 2
    y.backward()
    assert x.grad.shape == (2,)
    if case.has_values:
        assert case.numpy(x.grad).tolist() == [1, 2]


def test_a_variable_has_no_truth():
    for value in (0.0, 1.0):
        with pytest.raises(
            TypeError, match=r"neither true nor false; ask its value: got Variable\("
        ):
            bool(Variable(value))
