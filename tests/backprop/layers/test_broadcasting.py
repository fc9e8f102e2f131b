import numpy as np
import pytest

from backprop import DivLayer, MatMul, PowLayer, SubLayer, gradcheck
from backprop.arrays import default_dtype
from tests.support import Case, central_difference

PAIRS = {SubLayer: lambda x, y: x - y, DivLayer: lambda x, y: x / y, PowLayer: lambda x, y: x**y}
SHAPES = [
    ((3, 4), (3, 4)),
    ((3, 4), (4,)),
    ((4,), (3, 4)),
    ((3, 1), (1, 4)),
    ((), (2, 3)),
    ((1, 1), (2, 1)),
]


def atol(case):
    return 1e-7 if case.dtype == "float64" else 1e-4


@pytest.mark.traced
@pytest.mark.parametrize(("x_shape", "y_shape"), SHAPES, ids=str)
@pytest.mark.parametrize("layer", PAIRS)
def test_gradients_of_pairs(case: Case, layer, x_shape, y_shape):
    rng = np.random.default_rng(1)
    x, y = rng.uniform(0.5, 2, x_shape), rng.uniform(0.5, 2, y_shape)
    f = PAIRS[layer]
    dout = rng.standard_normal(f(x, y).shape)
    inputs, upstream = (case.array(x), case.array(y)), case.array(dout)

    def step(x, y, dout):
        net = layer()
        return net.forward(x, y), *(net.backward(d) for d in (dout, 1, 2))

    z, (dx, dy), (dx1, dy1), (dx2, dy2) = case.run(step, *inputs, upstream)
    case.check(z, f(x, y))
    case.check(
        dx,
        central_difference(lambda v: float(np.sum(f(v, y) * dout)), x),
        rtol=1e-8,
        atol=atol(case),
    )
    case.check(
        dy,
        central_difference(lambda v: float(np.sum(f(x, v) * dout)), y),
        rtol=1e-8,
        atol=atol(case),
    )
    case.check(dx2, 2 * case.numpy(dx1))
    case.check(dy2, 2 * case.numpy(dy1))
    for given, host in zip((*inputs, upstream), (x, y, dout), strict=True):
        case.unchanged(given, host)


@pytest.mark.parametrize("layer", PAIRS)
def test_a_number_and_an_array(case: Case, layer):
    y, dout = np.array([0.5, 2.0]), np.array([10.0, 100.0])
    f, net = PAIRS[layer], layer()
    case.check(net.forward(3.0, case.array(y)), f(3.0, y))
    dx, dy = net.backward(case.array(dout))
    x = np.asarray(3.0)
    case.check(
        dx,
        central_difference(lambda v: float(np.sum(f(v, y) * dout)), x),
        rtol=1e-8,
        atol=atol(case),
    )
    case.check(
        dy,
        central_difference(lambda v: float(np.sum(f(3.0, v) * dout)), y),
        rtol=1e-8,
        atol=atol(case),
    )
    case.check(net.forward(case.array(y), 3), f(y, 3))
    dx, dy = net.backward(case.array(dout))
    case.check(
        dx,
        central_difference(lambda v: float(np.sum(f(v, 3) * dout)), y),
        rtol=1e-8,
        atol=atol(case),
    )
    case.check(
        dy,
        central_difference(lambda v: float(np.sum(f(y, v) * dout)), x),
        rtol=1e-8,
        atol=atol(case),
    )


@pytest.mark.parametrize("layer", [SubLayer, DivLayer, PowLayer, MatMul])
def test_gradients_agree_with_gradcheck(layer):
    rng = np.random.default_rng(3)
    report = gradcheck(layer(), rng.uniform(0.5, 2, (3, 3)), rng.uniform(0.5, 2, (3, 3)))
    assert report.ok, report


@pytest.mark.parametrize(("layer", "out", "dx"), [(DivLayer, 0.4, 0.2), (PowLayer, 32.0, 80.0)])
def test_integer_arrays_are_computed_in_floating_numbers(case: Case, layer, out, dx):
    net = layer()
    two, five = case.array(np.array([2, 2])), case.array(np.array([5, 5]))
    dtype = default_dtype(two, "real floating")
    case.check(net.forward(two, five), [out, out], dtype, rtol=1e-6)
    case.check(net.backward()[0], [dx, dx], dtype, rtol=1e-6)


@pytest.mark.parametrize("layer", [SubLayer, DivLayer, PowLayer, MatMul])
def test_gradients_have_the_inputs_dtypes(layer):
    net = layer()
    net.forward(np.ones((2, 2), dtype=np.float32), np.ones((2, 2)))
    assert [g.dtype.name for g in net.backward(np.ones((2, 2)))] == ["float32", "float64"]


@pytest.mark.parametrize("layer", [SubLayer, DivLayer, PowLayer, MatMul])
def test_mixed_libraries_are_refused(layer):
    strict = pytest.importorskip("array_api_strict")
    with pytest.raises(TypeError, match="arrays must be of one library"):
        layer().forward(np.ones(2), strict.ones(2))


@pytest.mark.parametrize("layer", [SubLayer, DivLayer, PowLayer, MatMul])
def test_backward_needs_forward_and_a_fitting_dout(layer):
    net = layer()
    with pytest.raises(RuntimeError, match=rf"{layer.__name__}\.backward needs a forward pass"):
        net.backward()
    net.forward(np.ones((2, 2)), np.ones((2, 2)))
    with pytest.raises(ValueError, match=r"`dout` must have shape \(2, 2\).*got \(3, 2\)"):
        net.backward(np.ones((3, 2)))


def test_the_gradient_of_a_difference_is_no_alias_of_dout():
    layer, dout = SubLayer(), np.ones(3)
    layer.forward(np.ones(3), np.ones(3))
    dx, dy = layer.backward(dout)
    dx += 1
    assert dout.tolist() == [1, 1, 1]


def test_python_numbers_stay_numbers():
    layer = SubLayer()
    assert layer.forward(5, 3) == 2
    assert layer.backward(4) == (4, -4)
