import numpy as np
import pytest

from backprop import Relu, Sigmoid, Tanh
from backprop.layers.activation import activation
from tests.support import Case, central_difference, normal

LAYERS = [Relu, Sigmoid, Tanh]


@pytest.mark.traced
@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("shape", [(4,), (3, 4), (2, 3, 4), ()], ids=str)
def test_value_and_gradient_on_every_library(case: Case, layer, shape):
    rng = np.random.default_rng(2)
    x, dout = rng.standard_normal(shape), rng.standard_normal(shape)
    inputs, upstream = case.array(x), case.array(dout)

    def step(x, dout):
        net = layer()
        return net.forward(x), net.backward(dout), net.backward(), net.backward(2)

    y, dx, once, twice = case.run(step, inputs, upstream)
    case.check(y, layer().forward(x))
    numerical = central_difference(lambda v: float(np.sum(layer().forward(v) * dout)), x)
    case.check(dx, numerical, rtol=1e-8, atol=1e-8 if case.dtype == "float64" else 1e-5)
    case.check(twice, 2 * case.numpy(once))
    case.unchanged(inputs, x)
    case.unchanged(upstream, dout)


def test_relu_subgradient_at_zero_is_zero(case: Case):
    layer = Relu()
    layer.forward(case.array([0.0, -0.0]))
    case.check(layer.backward(), [0.0, 0.0])


@pytest.mark.parametrize("layer", [Sigmoid, Tanh])
def test_no_overflow(case: Case, layer):
    net = layer()
    low = 0.0 if layer is Sigmoid else -1.0
    case.check(net.forward(case.array([-1e4, 1e4])), [low, 1.0])
    case.check(net.backward(), [0.0, 0.0])


@pytest.mark.parametrize("layer", LAYERS)
def test_backward_needs_forward_and_a_fitting_dout(layer):
    net = layer()
    with pytest.raises(RuntimeError, match=rf"{layer.__name__}\.backward needs a forward pass"):
        net.backward()
    net.forward(np.ones((2, 3)))
    with pytest.raises(ValueError, match=r"`dout` must have shape \(2, 3\).*got \(3, 2\)"):
        net.backward(np.ones((3, 2)))


def test_zero_dimensional_dout_stands_for_every_entry(case: Case):
    layer = Tanh()
    layer.forward(case.array([0.0, 0.0]))
    case.check(layer.backward(case.array(np.asarray(3.0))), [3.0, 3.0])


@pytest.mark.parametrize("layer", LAYERS)
def test_dout_of_any_kind(case: Case, layer):
    net = layer()
    net.forward(normal(case, 2, 3))
    expected = 2 * case.numpy(net.backward())
    for dout in (2, 2.0, np.float64(2), np.float32(2), np.int64(2)):
        case.check(net.backward(dout), expected)
    with pytest.raises(TypeError, match="`dout` must be an array or a number; got list"):
        net.backward([1.0])


@pytest.mark.parametrize("layer", LAYERS)
def test_the_gradient_keeps_the_inputs_dtype(layer):
    net = layer()
    net.forward(np.ones(3, dtype=np.float32))
    assert net.backward(np.ones(3)).dtype == np.float32
    assert net.backward(np.ones(3, dtype=int)).dtype == np.float32


def test_relu_of_integers_lists_and_numbers():
    layer = Relu()
    assert layer.forward(np.array([1, -2, 3])).tolist() == [1, 0, 3]
    assert layer.backward(0.5).tolist() == [0.5, 0.0, 0.5]
    assert layer.forward(3.0) == 3.0
    assert layer.backward(2) == 2.0
    assert layer.forward([-1.0, 1.0]).tolist() == [0.0, 1.0]


def test_activation_by_name():
    assert activation("tanh") is Tanh
    with pytest.raises(
        ValueError, match="`activation` must be one of relu, sigmoid, tanh; got 'x'"
    ):
        activation("x")
