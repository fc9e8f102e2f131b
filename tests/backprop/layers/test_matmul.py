import numpy as np
import pytest

from backprop import MatMul
from backprop.arrays import default_dtype
from tests.support import Case, central_difference

PRODUCTS = [((2, 3), (3, 4)), ((3,), (3, 4)), ((2, 3), (3,)), ((3,), (3,)), ((0, 3), (3, 4))]


@pytest.mark.traced
@pytest.mark.parametrize(("x_shape", "y_shape"), PRODUCTS, ids=str)
def test_value_and_gradients_for_stacks_of_matrices(case: Case, x_shape, y_shape):
    rng = np.random.default_rng(4)
    x, y = rng.standard_normal(x_shape), rng.standard_normal(y_shape)
    dout = rng.standard_normal((x @ y).shape)
    inputs = case.array(x), case.array(y), case.array(dout)

    def step(x, y, dout):
        net = MatMul()
        return net.forward(x, y), net.backward(dout), net.backward(2), net.backward()

    z, (dx, dy), twice, once = case.run(step, *inputs)
    case.check(z, x @ y)
    case.check(dx, central_difference(lambda v: float(np.sum((v @ y) * dout)), x), rtol=1e-8)
    case.check(dy, central_difference(lambda v: float(np.sum((x @ v) * dout)), y), rtol=1e-8)
    case.check(twice[1], 2 * case.numpy(once[1]))
    for given, host in zip(inputs, (x, y, dout), strict=True):
        case.unchanged(given, host)


@pytest.mark.parametrize(
    ("x_shape", "y_shape"), [((2, 3), (2, 3)), ((), (3,)), ((1, 2, 3), (3, 2))], ids=str
)
def test_matmul_of_other_shapes(x_shape, y_shape):
    with pytest.raises(ValueError, match=r"must have shapes \(N, D\) or \(D,\), and .*; got \("):
        MatMul().forward(np.ones(x_shape), np.ones(y_shape))


def test_matmul_of_numbers():
    with pytest.raises(TypeError, match=r"an array of a library .* is needed; got float"):
        MatMul().forward(np.ones(2), 2.0)


def test_integers_are_computed_in_floating_numbers(case: Case):
    layer, two = MatMul(), case.array(np.array([2, 2]))
    dtype = default_dtype(two, "real floating")
    case.check(layer.forward(two, two), 8.0, dtype)
    case.check(layer.backward(0.5)[0], [1.0, 1.0], dtype)


def test_factors_of_different_floating_dtypes(case: Case):
    if not case.backend.has_float64:
        pytest.skip(f"{case.name} has no float64")
    x, y = case.backend.asarray([[1.0, 2.0]], "float32"), case.backend.asarray([[3.0], [4.0]])
    y = case.xp.astype(y, case.xp.float64)
    layer = MatMul()
    assert layer.forward(x, y).dtype == case.xp.float64
    dx, dy = layer.backward()
    assert (dx.dtype, dy.dtype) == (case.xp.float32, case.xp.float64)
