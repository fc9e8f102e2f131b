import numpy as np
import pytest

from backprop import AddLayer, MulLayer
from tests.support import Case

SHAPES = [
    ((3, 4), (3, 4)),
    ((3, 4), (4,)),
    ((4,), (3, 4)),
    ((3, 1), (1, 4)),
    ((), (2, 3)),
    ((1, 1), (2, 1)),
]


@pytest.mark.traced
@pytest.mark.parametrize(("x_shape", "y_shape"), SHAPES, ids=str)
@pytest.mark.parametrize("layer", [MulLayer, AddLayer])
def test_gradients_have_the_inputs_shapes(case: Case, layer, x_shape, y_shape):
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal(x_shape), rng.standard_normal(y_shape)
    out = x * y if layer is MulLayer else x + y
    dout = rng.standard_normal(out.shape)
    inputs = case.array(x), case.array(y), case.array(dout)

    def step(x, y, dout):
        net = layer()
        return net.forward(x, y), *(net.backward(d) for d in (dout, 1, 2))

    z, (dx, dy), (dx1, dy1), (dx2, dy2) = case.run(step, *inputs)
    case.check(z, out)

    def expected(weights, to):
        full = dout * weights
        axes = tuple(range(full.ndim - len(to)))
        full = full.sum(axis=axes)
        return full.sum(axis=tuple(i for i, n in enumerate(to) if n == 1), keepdims=True)

    factors = (y, x) if layer is MulLayer else (np.ones_like(out), np.ones_like(out))
    case.check(dx, expected(factors[0], x_shape))
    case.check(dy, expected(factors[1], y_shape))
    case.check(dx2, 2 * case.numpy(dx1))
    case.check(dy2, 2 * case.numpy(dy1))
    for array, before in zip(inputs, (x, y, dout), strict=True):
        case.unchanged(array, before)


def test_gradients_have_the_inputs_dtypes():
    layer = MulLayer()
    layer.forward(np.ones(2, dtype=np.float32), np.ones(2))
    assert [g.dtype.name for g in layer.backward(np.ones(2))] == ["float32", "float64"]


def test_integers_have_floating_gradients():
    layer = MulLayer()
    layer.forward(np.array([1, 2]), np.array([3, 4]))
    dx, dy = layer.backward(0.5)
    assert (dx.tolist(), dy.tolist()) == ([1.5, 2.0], [0.5, 1.0])
    layer.forward(np.int64(100), np.int64(2))
    assert layer.backward(1.1) == (pytest.approx(2.2), pytest.approx(110.0))
    add = AddLayer()
    add.forward(np.array([1, 2]), np.array([3, 4]))
    assert add.backward(0.5)[0].tolist() == [0.5, 0.5]


def test_mixed_libraries_are_refused():
    strict = pytest.importorskip("array_api_strict")
    layer = MulLayer()
    with pytest.raises(TypeError, match="arrays must be of one library"):
        layer.forward(np.ones(2), strict.ones(2))
    layer.forward(np.ones(2), np.ones(2))
    with pytest.raises(TypeError, match="arrays must be of one library"):
        layer.backward(strict.ones(2))


def test_a_number_times_an_array():
    layer = MulLayer()
    layer.forward(3.0, np.array([1.0, 2.0]))
    dx, dy = layer.backward(np.array([10.0, 100.0]))
    assert dx == 210.0
    assert dy.tolist() == [30.0, 300.0]


def test_the_gradient_is_no_alias_of_dout():
    layer, dout = AddLayer(), np.ones(3)
    layer.forward(np.ones(3), np.ones(3))
    dx, dy = layer.backward(dout)
    dx += 1
    assert dout.tolist() == dy.tolist() == [1, 1, 1]
