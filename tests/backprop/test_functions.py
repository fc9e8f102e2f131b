import numpy as np
import pytest

from backprop import SoftmaxWithLoss, functions
from tests.support import Case

X = np.array([[-1e4, -2.0, -0.5], [0.0, 0.5, 1e4]])


def stable_sigmoid(x):
    return np.where(
        x >= 0, 1 / (1 + np.exp(-np.abs(x))), np.exp(-np.abs(x)) / (1 + np.exp(-np.abs(x)))
    )


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (functions.identity, X),
        (functions.identity_grad, np.ones_like(X)),
        (functions.step, [[0, 0, 0], [0, 1, 1]]),
        (functions.step_grad, np.zeros_like(X)),
        (functions.relu, [[0, 0, 0], [0, 0.5, 1e4]]),
        (functions.relu_grad, [[0, 0, 0], [0, 1, 1]]),
        (functions.sigmoid, stable_sigmoid(X)),
        (functions.sigmoid_grad, stable_sigmoid(X) * (1 - stable_sigmoid(X))),
        (functions.tanh, np.tanh(X)),
        (functions.tanh_grad, 1 - np.tanh(X) ** 2),
    ],
    ids=lambda f: getattr(f, "__name__", ""),
)
@pytest.mark.traced
def test_activations_have_their_values_on_every_library(case: Case, function, expected):
    x = case.array(X)
    case.check(case.run(function, x), expected)
    case.unchanged(x, X)


@pytest.mark.parametrize("function", [functions.sigmoid, functions.tanh])
def test_derivative_is_that_of_the_function(function):
    x = np.linspace(-4, 4, 33)
    slope = (function(x + 1e-6) - function(x - 1e-6)) / 2e-6
    np.testing.assert_allclose(getattr(functions, f"{function.__name__}_grad")(x), slope, atol=1e-9)


def test_sigmoid_keeps_relative_accuracy_where_it_is_tiny():
    np.testing.assert_allclose(
        functions.sigmoid(np.array([-30.0, -700.0])), np.exp([-30.0, -700.0]), rtol=1e-13
    )
    np.testing.assert_allclose(functions.sigmoid_grad(np.array([30.0])), np.exp(-30.0), rtol=1e-12)


def test_relu_lets_nan_through():
    assert np.isnan(functions.relu(np.array([np.nan]))[0])


def test_softmax_takes_rows_or_an_axis(case: Case):
    x = np.array([[1.0, 2.0, 3.0], [1e4, -1e4, 0.0]])
    rows = [[0.09003057, 0.24472847, 0.66524096], [1.0, 0.0, 0.0]]
    case.check(functions.softmax(case.array(x)), rows, rtol=1e-6)
    case.check(functions.softmax(case.array(x.T.copy()), axis=0), np.transpose(rows), rtol=1e-6)


def test_log_softmax_is_exact_where_softmax_underflows(case: Case):
    case.check(functions.log_softmax(case.array([[0.0, -1e4]])), [[0.0, -1e4]])


def test_one_hot(case: Case):
    t = case.array([[0, 2], [1, 1]])
    expected = [[[1, 0, 0], [0, 0, 1]], [[0, 1, 0], [0, 1, 0]]]
    assert (
        functions.one_hot(t, 3).dtype
        == (
            case.xp.__array_namespace_info__().default_dtypes(device=case.backend.device)[
                "real floating"
            ]
        )
    )
    case.check(functions.one_hot(t, 3, case.backend.dtype(case.dtype)), expected)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint64"])
def test_one_hot_of_any_integer_dtype(case: Case, dtype):
    if dtype not in case.xp.__array_namespace_info__().dtypes(device=case.backend.device):
        pytest.skip(f"{case.backend} has no {dtype}")
    t = case.array([1, 0], dtype)
    case.check(functions.one_hot(t, 2, case.backend.dtype(case.dtype)), [[0, 1], [1, 0]])


def test_one_hot_of_more_classes_than_the_dtype_counts():
    assert functions.one_hot(np.array([255], dtype=np.uint8), 300).shape == (1, 300)


def test_one_hot_refuses():
    with pytest.raises(TypeError, match="class labels must be integers; got float64"):
        functions.one_hot(np.array([1.0]), 3)
    with pytest.raises(ValueError, match=r"labels must be in 0\.\.2; got 3"):
        functions.one_hot(np.array([0, 3]), 3)
    with pytest.raises(ValueError, match=r"labels must be in 0\.\.2; got -1"):
        functions.one_hot(np.array([0, -1]), 3)


def test_cross_entropy_error_takes_eps():
    assert functions.cross_entropy_error(np.array([0.0, 1.0]), np.array(0), eps=1e-3) == -np.log(
        1e-3
    )


def test_numbers_lists_and_integers_count_as_arrays():
    assert functions.sigmoid(0) == 0.5
    assert functions.relu([-1, 2]).tolist() == [0, 2]
    assert functions.step([-1.0, 2.0]).tolist() == [0.0, 1.0]
    np.testing.assert_allclose(functions.softmax([1, 1]), [0.5, 0.5])


def test_integers_are_computed_in_the_default_floating_dtype(case: Case):
    y = functions.sigmoid(case.array([0, 0]))
    default = case.xp.__array_namespace_info__().default_dtypes(device=case.backend.device)
    assert y.dtype == default["real floating"]
    case.unchanged(y, case.numpy(y) * 0 + 0.5)


def test_complex_is_refused():
    with pytest.raises(TypeError, match="`x` must be real; got dtype complex128"):
        functions.sigmoid(np.array([1j]))


def test_the_book_s_names_are_ours():
    assert functions.identity_function is functions.identity
    assert functions.mean_squared_error is functions.sum_squared_error


def test_step_function_gives_integers(case: Case):
    found = functions.step_function(case.array([-1.0, 0.0, 2.0]))
    assert case.xp.isdtype(found.dtype, "integral")
    case.check(case.xp.astype(found, case.array([1.0]).dtype), [0, 0, 1])


@pytest.mark.parametrize("t", [[2, 0], [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]])
def test_softmax_loss_is_that_of_the_layer(case: Case, t):
    x = [[0.3, 2.9, 4.0], [1e4, 0.0, -1e4]]
    found = functions.softmax_loss(case.array(x), case.array(t))
    case.check(found, SoftmaxWithLoss().forward(np.array(x), np.array(t)), rtol=1e-6)
    case.check(found, -np.log(0.7365969) / 2, rtol=1e-6)


def test_softmax_loss_of_one_sample(case: Case):
    x = case.array([0.3, 2.9, 4.0])
    case.check(functions.softmax_loss(x, case.array(2)), -np.log(0.7365969), rtol=1e-6)


def test_log_softmax_of_rows_and_columns():
    x = np.array([[0.0, 1.0, 2.0], [5.0, -5.0, 0.0]])
    np.testing.assert_allclose(functions.log_softmax(x), np.log(functions.softmax(x)))
    np.testing.assert_allclose(
        functions.log_softmax(x, axis=0), np.log(functions.softmax(x, axis=0))
    )
