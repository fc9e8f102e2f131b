import numpy as np
import pytest

from backprop import Affine
from tests.support import Case, central_difference

RNG = np.random.default_rng(3)
W, B = RNG.standard_normal((12, 5)), RNG.standard_normal(5)


@pytest.mark.traced
@pytest.mark.parametrize(
    "shape", [(3, 12), (1, 12), (12,), (3, 1, 3, 4), (3, 4, 3), (0, 12)], ids=str
)
def test_value_and_gradients_for_inputs_of_any_shape(case: Case, shape):
    x = RNG.standard_normal(shape)
    rows = x.reshape(-1, 12)
    out = rows @ W + B
    out = out[0] if x.ndim == 1 else out
    dout = RNG.standard_normal(out.shape)
    arrays = [case.array(v) for v in (W, B, x, dout)]

    def step(weights, biases, x, dout):
        layer = Affine(weights, biases)
        y, dx = layer.forward(x), layer.backward(dout)
        assert list(layer.params) == list(layer.grads) == ["W", "b"]
        return y, dx, layer.dW, layer.db

    y, dx, dW, db = case.run(step, *arrays)
    case.check(y, out)
    case.check(dx, (dout @ W.T).reshape(shape))
    case.check(dW, rows.T @ dout.reshape(-1, 5))
    case.check(db, dout.reshape(-1, 5).sum(axis=0))
    for array, before in zip(arrays, (W, B, x, dout), strict=True):
        case.unchanged(array, before)


def test_gradient_is_the_numerical_one():
    x, dout = RNG.standard_normal((3, 12)), RNG.standard_normal((3, 5))
    layer = Affine(W, B)
    layer.forward(x)
    dx = layer.backward(dout)
    np.testing.assert_allclose(
        dx, central_difference(lambda v: np.sum(Affine(W, B).forward(v) * dout), x), atol=1e-8
    )
    np.testing.assert_allclose(
        layer.dW, central_difference(lambda v: np.sum(Affine(v, B).forward(x) * dout), W), atol=1e-8
    )


def test_a_number_for_dout(case: Case):
    layer = Affine(case.array(W), case.array(B))
    layer.forward(case.array(np.ones((2, 12))))
    case.check(layer.backward(2), np.tile(2 * W.sum(axis=1), (2, 1)), rtol=1e-5)
    case.check(layer.db, np.full(5, 4.0))


def test_params_only(case: Case):
    layer = Affine(case.array(W), case.array(B))
    layer.forward(case.array(np.ones((2, 12))))
    assert layer.backward_params(case.array(np.ones((2, 5)))) is None
    case.check(layer.dW, np.full((12, 5), 2.0))


def test_book_names():
    layer = Affine(W, B)
    assert layer.W is W
    assert layer.b is B
    assert layer.dW is None
    assert layer.db is None
    layer.W, layer.b = 2 * W, 2 * B
    assert layer.params["W"][0, 0] == 2 * W[0, 0]
    assert layer.params["b"][0] == 2 * B[0]


def test_integers_are_cast_and_gradients_keep_their_own_dtype():
    layer = Affine(W.astype(np.float32), B.astype(np.float32))
    assert layer.forward(np.ones((2, 12), dtype=np.uint8)).dtype == np.float32
    layer.forward(np.ones((2, 12)))
    assert layer.backward(np.ones((2, 5))).dtype == np.float64
    assert layer.dW.dtype == layer.db.dtype == np.float32


@pytest.mark.parametrize("shape", [(2, 5), (5,), (2, 3, 5), ()])
def test_wrong_feature_count(shape):
    with pytest.raises(ValueError, match=r"`x` must have shape \(N, 12\); got "):
        Affine(W, B).forward(np.ones(shape))


def test_integer_inputs(case: Case):
    layer = Affine(case.array(W), case.array(B))
    case.check(
        layer.forward(case.array(np.ones((2, 12), dtype=np.uint8))),
        np.ones((2, 12)) @ W + B,
        rtol=1e-5,
    )
    case.check(layer.backward(1), np.tile(W.sum(axis=1), (2, 1)), rtol=1e-5)


def test_a_backward_pass_of_ones_own_sets_the_gradients_alone_too():
    class Own(Affine):
        def backward(self, dout=1):
            dx = super().backward(dout)
            self.grads["W"] = 2 * self.grads["W"]
            return dx

    layer = Own(W, B)
    layer.forward(np.ones((2, 12)))
    layer.backward_params(np.ones((2, 5)))
    np.testing.assert_array_equal(layer.dW, np.full((12, 5), 4.0))
    layer = Affine(W, B)
    layer.backward = lambda dout=1: layer.grads.update(W=3 * dout)
    layer.backward_params(2)
    assert layer.grads == {"W": 6}


def test_wrong_parameters():
    with pytest.raises(ValueError, match=r"`W` must have shape \(D, M\); got \(5,\)"):
        Affine(B, B)
    with pytest.raises(
        ValueError, match=r"`b` must have shape \(5,\), as W is \(12, 5\); got \(12,\)"
    ):
        Affine(W, np.ones(12))
    with pytest.raises(TypeError, match="`b` must have the dtype of W, float64; got float32"):
        Affine(W, B.astype(np.float32))


def test_wrong_dout():
    layer = Affine(W, B)
    with pytest.raises(RuntimeError, match=r"Affine\.backward needs a forward pass first"):
        layer.backward(1)
    layer.forward(np.ones((2, 12)))
    with pytest.raises(ValueError, match=r"`dout` must have shape \(2, 5\).*got \(5, 2\)"):
        layer.backward(np.ones((5, 2)))


def test_mixed_libraries():
    strict = pytest.importorskip("array_api_strict")
    with pytest.raises(
        TypeError, match="arrays must be of one library; got array_api_strict and numpy"
    ):
        Affine(W, B).forward(strict.ones((2, 12)))


@pytest.mark.parametrize("kinds", [("float32", "float64"), ("float64", "float32")])
@pytest.mark.parametrize("rows", [4, 1])
def test_inputs_of_another_floating_dtype_than_the_weights(case: Case, kinds, rows):
    """The book's program: float32 images, and weights from `np.random.randn`."""
    if not case.backend.has_float64:
        pytest.skip(f"{case.name} has no float64")
    own, learnt = kinds
    rng = np.random.default_rng(0)
    x, W, b, dout = (rng.standard_normal(s) for s in ((rows, 3), (3, 2), (2,), (rows, 2)))
    array = case.backend.asarray
    layer = Affine(array(W, learnt), array(b, learnt))
    y = layer.forward(array(x, own))
    assert y.dtype == case.xp.float64
    dx = layer.backward(array(dout, "float64"))
    assert (dx.dtype, layer.dW.dtype) == tuple(getattr(case.xp, kind) for kind in kinds)
    if case.backend.has_values:
        found = [case.numpy(v) for v in (y, dx, layer.dW)]
        for value, expected in zip(found, (x @ W + b, dout @ W.T, x.T @ dout), strict=True):
            np.testing.assert_allclose(value, expected, rtol=1e-5, atol=1e-6)


def test_what_it_learns_says_what_it_is():
    assert Affine.W.__doc__ == "Weights, shape (D, M)."
    assert Affine.db.__doc__ == "Gradient of `b`, shape (M,); None before `backward`."
