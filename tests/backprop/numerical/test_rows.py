import numpy as np
import pytest

from backprop import gradient_descent, numerical_gradient, numerical_gradient_2d
from tests.support import Case, normal


class Counted:
    """A function that counts its calls."""

    def __init__(self, f):
        self.f, self.calls = f, 0

    def __call__(self, x):
        self.calls += 1
        return self.f(x)


def book_s(x):
    return np.sum(x**2) if x.ndim == 1 else np.sum(x**2, axis=1)


X = np.random.default_rng(0).standard_normal((324, 2))


@pytest.mark.needs_values
def test_rows_on_every_library(case: Case):
    x = normal(case, 7, 3)
    found = numerical_gradient_2d(lambda x: case.xp.sum(x**3, axis=-1), x)
    case.check(found, 3.0 * case.numpy(x) ** 2, rtol=1e-4 if case.dtype == "float32" else 1e-8)


@pytest.mark.needs_values
def test_single_rows_on_every_library(case: Case):
    """A function that takes no stack: the first axis is its coordinates."""
    x = normal(case, 5, 2)
    found = numerical_gradient_2d(lambda x: x[0, ...] ** 2 + x[1, ...] ** 2, x)
    case.check(found, 2.0 * case.numpy(x), rtol=1e-4 if case.dtype == "float32" else 1e-8)


@pytest.mark.parametrize("f", [book_s, lambda x: np.sum(x**2, axis=-1), lambda x: (x**2).sum(1)])
def test_all_rows_are_evaluated_in_one_stack(f):
    f, before = Counted(f), X.copy()
    found = numerical_gradient_2d(f, X, 1e-4)
    np.testing.assert_allclose(found, 2.0 * X, atol=1e-9)
    assert f.calls <= 8  # asking whether it takes stacks, the start, and one stack
    np.testing.assert_array_equal(X, before)


def test_digits_of_the_book_s_step():
    found = numerical_gradient_2d(book_s, np.array([[3.0, 4.0], [0.0, 2.0]]), 1e-4)
    assert found[0].tolist() == [6.00000000000378, 7.999999999999119]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_sum_over_the_wrong_axis_shows(count):
    """For two rows of two, `x[0]**2 + x[1]**2` has the right shape and the wrong values."""
    found = numerical_gradient_2d(lambda x: x[0] ** 2 + 2.0 * x[1] ** 2, X[:count])
    np.testing.assert_allclose(found, [2.0, 4.0] * X[:count], rtol=1e-8)


def test_a_sum_over_the_wrong_axis_shows_where_the_values_are_alike():
    x = np.ones((2, 2))
    found = numerical_gradient_2d(lambda x: x[0] ** 2 + x[1] ** 2, x)
    np.testing.assert_allclose(found, 2.0 * x, rtol=1e-8)
    found = numerical_gradient_2d(lambda x: x[0] ** 2 * x[1] ** 4, x)
    np.testing.assert_allclose(found, [[2.0, 4.0]] * 2, rtol=1e-8)


def test_rows_that_a_stack_would_mix():
    """Softmax over everything: right for one row, wrong for many."""

    def f(x):
        return np.sum(x * np.exp(x) / np.sum(np.exp(x)), axis=-1)

    x = X[:4]
    wanted = np.stack([numerical_gradient(f, row.copy()) for row in x])
    np.testing.assert_allclose(numerical_gradient_2d(f, x), wanted, rtol=1e-7)


def test_one_point():
    np.testing.assert_allclose(numerical_gradient_2d(book_s, np.array([3.0, 4.0])), [6.0, 8.0])


def test_rows_of_different_size_have_steps_and_rounding_of_their_own():
    x = np.array([[1e-3, 2e-3], [1e6, 2e6]])
    np.testing.assert_allclose(numerical_gradient_2d(book_s, x), 2.0 * x, rtol=1e-7)


def test_a_large_value_in_another_row_hides_no_bend():
    """The sine turns within the first step, and 1e12 would drown that in rounding."""

    def f(x):
        return np.sum(np.sin(3e5 * x) / 3e5, axis=-1) + 1e12 * (x[..., 0] > 10)

    x = np.array([[20.0], [0.1]])
    np.testing.assert_allclose(numerical_gradient_2d(f, x)[1], np.cos(3e5 * x[1]), rtol=1e-3)
    np.testing.assert_allclose(numerical_gradient_2d(f, x[::-1])[0], np.cos(3e5 * x[1]), rtol=1e-3)


def test_little_memory_takes_more_stacks():
    f = Counted(book_s)
    np.testing.assert_allclose(numerical_gradient_2d(f, X, memory=1000), 2.0 * X, rtol=1e-7)
    assert f.calls > 20


def test_no_rows():
    assert numerical_gradient_2d(book_s, np.ones((0, 2))).shape == (0, 2)


def edge(x):
    return np.sum(np.where(x >= 0, x, np.inf), axis=-1)


def test_what_is_refused():
    with pytest.raises(ValueError, match=r"must have shape \(N, D\) or \(D,\); got \(1, 1, 2\)"):
        numerical_gradient_2d(book_s, np.ones((1, 1, 2)))
    with pytest.raises(TypeError, match="must be real floating"):
        numerical_gradient_2d(book_s, np.ones((2, 2), dtype=int))
    with pytest.raises(ValueError, match="must be finite"):
        numerical_gradient_2d(book_s, np.full((2, 2), np.nan))
    with pytest.raises(ValueError, match=r"finite around x\[1, 0\] = 0"):
        numerical_gradient_2d(edge, np.array([[1.0], [0.0]]))


def test_an_error_of_f_s_own_is_seen():
    with pytest.raises(ZeroDivisionError):
        numerical_gradient_2d(lambda x: 1 / 0, X)


def test_the_gradient_of_rows_says_which_function_takes_them():
    with pytest.raises(ValueError, match=r"got shape \(324,\); `numerical_gradient_2d` gives"):
        numerical_gradient(book_s, X.copy())


@pytest.mark.needs_values
def test_descent_gives_its_path(case: Case):
    x = case.array([-3.0, 4.0])
    end, path = gradient_descent(lambda x: case.xp.sum(x**2), x, lr=0.1, step_num=4, history=True)
    expected = [[-3.0 * 0.8**i, 4.0 * 0.8**i] for i in range(5)]
    tolerance = 1e-5 if case.dtype == "float32" else 1e-9
    case.check(path, expected[:4], rtol=tolerance)
    case.check(end, expected[4], rtol=tolerance)


def test_no_step_has_no_path():
    end, path = gradient_descent(lambda x: np.sum(x), np.ones(2), step_num=0, history=True)
    assert end.tolist() == [1.0, 1.0]
    assert path.shape == (0, 2)
