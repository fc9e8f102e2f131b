import contextlib
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

import backends
from backprop import gradient_descent, numerical_diff, numerical_gradient
from tests.support import Case


def squares(x):
    return np.sum(x**2)


@pytest.mark.needs_values
def test_every_library(case: Case):
    xp = case.xp
    x = case.array([[0.5, -1.0], [2.0, 0.25]])
    expected = 3 * np.array([[0.25, 1.0], [4.0, 0.0625]])
    tolerance = 1e-8 if case.dtype == "float64" else 2e-3
    before = case.numpy(x)
    for gradient in (
        numerical_gradient(lambda x: xp.sum(x**3), x),
        numerical_gradient(lambda x: xp.sum(x**3, axis=(1, 2)), x, stacked=True),
        numerical_gradient(lambda x: xp.sum(x**3, axis=(1, 2)), x, stacked=True, memory=1),
    ):
        assert backends.of(gradient) == case.backend
        assert gradient.dtype == x.dtype
        np.testing.assert_allclose(case.numpy(gradient), expected, rtol=tolerance, atol=tolerance)
    case.check(numerical_diff(lambda x: x**3, x), expected, rtol=tolerance)
    np.testing.assert_array_equal(case.numpy(x), before)


@pytest.mark.needs_values
def test_a_given_step_stacked_and_a_function_that_gives_numbers(case: Case):
    xp = case.xp
    x = case.array([0.5, -1.0])
    tolerance = 1e-8 if case.dtype == "float64" else 2e-2
    step = 1e-4 if case.dtype == "float64" else 1e-2
    for gradient in (
        numerical_gradient(lambda x: xp.sum(x**3, axis=1), x, step, stacked=True),
        numerical_gradient(lambda x: float(xp.sum(x**3)), x, step),
    ):
        case.check(gradient, [0.75, 3.0], atol=tolerance)


def test_central_differences_to_nine_digits():
    x = np.array([0.3, 1.2])
    gradient = numerical_gradient(lambda x: np.sum(np.sin(x)), x)
    np.testing.assert_allclose(gradient, np.cos(x), atol=1e-9)
    assert numerical_diff(math.sin, 0.3) == pytest.approx(math.cos(0.3), abs=1e-9)


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_narrow_dtypes_are_differentiated_in_float64(dtype):
    x = np.array([3.0, 4.0], dtype=dtype)
    for gradient in (
        numerical_gradient(squares, x),
        numerical_gradient(squares, x, 1e-4),
        numerical_gradient(lambda x: np.sum(x**2, axis=1), x, stacked=True),
    ):
        assert gradient.dtype == dtype
        np.testing.assert_allclose(gradient, [6, 8], rtol=1e-3 if dtype == "float16" else 1e-7)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_the_books_idiom_of_a_function_that_ignores_its_argument(dtype):
    W = np.array([[3.0, 4.0]], dtype=dtype)
    gradient = numerical_gradient(lambda _: np.sum(W**2), W)
    assert gradient.dtype == dtype
    np.testing.assert_allclose(gradient, [[6, 8]], rtol=1e-3)
    assert W.tolist() == [[3.0, 4.0]]


def test_an_ignored_argument_on_an_immutable_array():
    x = np.array([3.0, 4.0])
    x.setflags(write=False)
    with pytest.raises(
        ValueError, match="`f` must depend on its argument, as `x` can't be changed in place"
    ):
        numerical_gradient(lambda _: np.sum(x**2), x)
    np.testing.assert_allclose(numerical_gradient(squares, x), [6, 8])


def test_a_function_that_refuses_float64():
    x = np.array([3.0, 4.0], dtype=np.float32)

    def f(x):
        if x.dtype != np.float32:
            raise TypeError("float32 only")
        return np.sum(x**2)

    np.testing.assert_allclose(numerical_gradient(f, x), [6, 8], rtol=1e-3)
    x.setflags(write=False)
    np.testing.assert_allclose(numerical_gradient(f, x), [6, 8], rtol=1e-3)


FLOATS = arrays(
    st.sampled_from([np.float64, np.float32]),
    array_shapes(min_dims=0, max_dims=3, max_side=3),
    elements=st.floats(-1e6, 1e6, width=32),
)


@settings(max_examples=60, deadline=None)
@given(x=FLOATS, after=st.integers(0, 20), error=st.sampled_from([ValueError, KeyboardInterrupt]))
def test_whatever_happens_inside_f_leaves_x_bit_for_bit(x, after, error):
    before = x.tobytes()
    calls = []

    def f(v):
        calls.append(1)
        if len(calls) > after:
            v[...] = 7.0  # f may even spoil its argument
            raise error("inside f")
        return np.sum(x)

    with contextlib.suppress(error):
        numerical_gradient(f, x)
    assert x.tobytes() == before


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_an_f_that_spoils_x_itself(dtype):
    x = np.array([1, 2, 3], dtype)

    def f(_):
        value = np.sum(x**2)
        x[2] += 1
        return value

    numerical_gradient(f, x)
    assert x.tolist() == [1, 2, 3]

    def broken(_):
        x[2] += 1
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        numerical_gradient(broken, x)
    assert x.tolist() == [1, 2, 3]


def test_errors_of_f_are_the_users_to_see():
    x = np.array([3.0, 4.0])
    x.setflags(write=False)
    with pytest.raises(ValueError, match="matmul"):
        numerical_gradient(lambda v: v @ np.ones(3), x)


def test_a_dead_relu_on_an_immutable_array():
    x = np.array([-3.0, -4.0])
    x.setflags(write=False)
    assert numerical_gradient(lambda v: np.sum(np.where(v > 0, v, 0)), x).tolist() == [0, 0]


def test_diff_of_narrow_dtypes():
    def f(x):
        return 0.01 * x**2 + 0.1 * x

    for dtype in (np.float16, np.float32):
        assert numerical_diff(f, dtype(5), 1e-4) == pytest.approx(0.2, rel=1e-3)


def test_negative_zero_survives():
    x = np.array([-0.0, 1.0])
    numerical_gradient(lambda _: np.sum(x), x)
    assert np.signbit(x[0])


def test_arrays_of_any_shape_and_numbers():
    assert numerical_gradient(lambda x: x**3, np.array(2.0)) == pytest.approx(12.0)
    assert numerical_gradient(squares, np.ones((0, 3))).shape == (0, 3)
    assert numerical_gradient(lambda x: float(squares(x)), np.ones((2, 1, 2))).shape == (2, 1, 2)
    assert isinstance(numerical_diff(math.exp, 0.0), float)


def test_large_magnitudes_get_larger_steps():
    x = np.array([1e6, 1e-6])
    np.testing.assert_allclose(numerical_gradient(squares, x), 2 * x, rtol=1e-9, atol=1e-3)


def test_an_entry_around_which_f_is_not_finite_is_named():
    x = np.array([[1.0, 0.0], [2.0, 3.0]])
    with np.errstate(invalid="ignore"):
        with pytest.raises(
            ValueError, match=r"`f` must be finite around x\[0, 1\] = 0; got inf or"
        ):
            numerical_gradient(lambda x: np.sum(np.sqrt(x)), x)
        with pytest.raises(
            ValueError, match=r"`f` must be finite around x\[0, 1\] = 0; got inf or"
        ):
            numerical_gradient(lambda x: np.sum(np.sqrt(x)), x, 1e-4)
        with pytest.raises(
            ValueError, match=r"`f` must be finite around x\[0\] = 1; got inf or nan"
        ):
            numerical_gradient(lambda x: float("nan"), np.ones(2))
        with pytest.raises(ValueError, match=r"`f` must be finite around x = -1; got inf or nan"):
            numerical_diff(np.log, -1.0)


@pytest.mark.parametrize("scale", [1.0, 1e-4, 1e-5, 1e-8])
def test_the_step_fits_small_x(scale):
    with np.errstate(all="ignore"):
        assert numerical_diff(np.log, scale) == pytest.approx(1 / scale, rel=1e-6)
        x = scale * np.array([2.0, 3.0])
        gradient = numerical_gradient(lambda v: np.sum(1 / v), x)
        np.testing.assert_allclose(gradient, -1 / x**2, rtol=1e-6)
        gradient = numerical_gradient(lambda v: np.sum(np.sqrt(v)), np.array([scale, 1.0]))
        np.testing.assert_allclose(gradient, [0.5 / math.sqrt(scale), 0.5], rtol=1e-6)


@pytest.mark.parametrize("k", [1e6, 1e8, 1e9])
def test_the_step_fits_the_scale_on_which_f_bends(k):
    """Where x is far larger than that scale; two steps tell that the first was too large."""
    x = np.array([0.3 / k, 1.1 / k])
    gradient = numerical_gradient(lambda v: np.sum((v * k) ** 4), x)
    np.testing.assert_allclose(gradient, 4 * k * (x * k) ** 3, rtol=1e-6)
    gradient = numerical_gradient(lambda v: np.sum(np.tanh(v * k)), x)
    np.testing.assert_allclose(gradient, k / np.cosh(x * k) ** 2, rtol=1e-6)
    gradient = numerical_gradient(lambda v: np.sum(np.sin(1e5 * v)), np.array([0.7, 1.3]))
    np.testing.assert_allclose(gradient, 1e5 * np.cos([0.7e5, 1.3e5]), rtol=1e-6)


def test_a_function_that_changes_its_argument():
    x = np.array([1.0, 2.0, 3.0])

    def f(v):
        v += 1.0
        return float(np.sum(v**2))

    for step in (None, 1e-4):
        np.testing.assert_allclose(numerical_gradient(f, x, step), [4, 6, 8], rtol=1e-6)
        narrow = numerical_gradient(f, x.astype("float32"), step)
        np.testing.assert_allclose(narrow, [4, 6, 8], rtol=1e-6)
    assert x.tolist() == [1, 2, 3]


def test_entries_that_share_memory():
    memory = np.array([1.0, 2.0, 3.0])
    x = np.lib.stride_tricks.as_strided(memory, (2, 2), (8, 8))
    for step in (None, 1e-4):
        gradient = numerical_gradient(lambda v: np.sum(v**2), x, step)
        np.testing.assert_allclose(gradient, [[2, 4], [4, 6]], rtol=1e-6)
    assert memory.tolist() == [1, 2, 3]


@pytest.mark.parametrize("kind", ["expanded", "inference"])
def test_tensors_that_can_not_be_written_one_entry_at_a_time(kind):
    torch = pytest.importorskip("torch")
    if kind == "expanded":
        x = torch.ones(1, dtype=torch.float64).expand(3)
    else:
        with torch.inference_mode():
            x = torch.ones(3, dtype=torch.float64)
    gradient = numerical_gradient(lambda v: (v**2).sum(), x)
    assert gradient.tolist() == pytest.approx([2.0] * 3)
    assert x.tolist() == [1.0] * 3


def test_results_that_are_no_real_floats():
    x = np.array([0.5, 1.5])
    with pytest.raises(TypeError, match="`f` must return real floats; got int"):
        numerical_gradient(lambda v: int(10 * v[0]), x)
    with pytest.raises(TypeError, match="`f` must return real floats; got int64"):
        numerical_gradient(lambda v: np.sum(v > 1), x)
    with pytest.raises(TypeError, match="`f` must return real floats; got complex128"):
        numerical_diff(lambda v: v * 1j, x)
    with pytest.raises(TypeError, match="`f` must return a number; got complex"):
        numerical_diff(lambda v: v * 1j, 0.5)


def test_a_result_may_be_now_a_number_and_now_an_array():
    x = np.array([2.0, 3.0])
    gradient = numerical_gradient(lambda v: (float if v[0] < 2 else np.asarray)(squares(v)), x)
    np.testing.assert_allclose(gradient, [4.0, 6.0], rtol=1e-9)


@pytest.mark.parametrize(("memory", "copies"), [(1, 1), (10 * 2 * 3 * 8, 10)])
def test_a_stack_holds_as_many_copies_as_fit_twice(memory, copies):
    seen = []

    def f(v):
        seen.append(len(v))
        return np.sum(v**2, axis=1)

    numerical_gradient(f, np.array([1.0, 2.0, 3.0]), stacked=True, memory=memory)
    assert max(seen) == copies


def test_the_gradient_lies_where_x_does():
    strict = backends.select("device1", "array-api-strict")
    x = strict.asarray([3.0, 4.0])

    def f(v):  # evaluated on the host
        return np.sum(strict.to_numpy(v) ** 2)

    gradient = numerical_gradient(f, x)
    assert backends.of(gradient) == strict
    np.testing.assert_allclose(strict.to_numpy(gradient), [6, 8])


def test_bad_input():
    with pytest.raises(TypeError, match="`x` must be real floating; got int64"):
        numerical_gradient(squares, np.array([3, 4]))
    with pytest.raises(TypeError, match="`x` must be real floating; got int64"):
        numerical_diff(squares, np.array([3, 4]))
    with pytest.raises(TypeError, match="`x` must be real floating; got complex128"):
        numerical_gradient(squares, np.array([3j]))
    with pytest.raises(TypeError, match="got list"):
        numerical_gradient(squares, [3.0, 4.0])
    with pytest.raises(ValueError, match="`x` must be finite; got inf or nan in it"):
        numerical_gradient(squares, np.array([np.inf]))
    with pytest.raises(ValueError, match=r"`f` must return a number; got shape \(2,\)"):
        numerical_gradient(lambda x: x, np.ones(2))
    with pytest.raises(
        ValueError, match=r"one number for each of the 2 stacked arrays; got shape \(\)"
    ):
        numerical_gradient(np.sum, np.ones(2), stacked=True)
    with pytest.raises(TypeError, match="`f` must return a number; got NoneType"):
        numerical_gradient(lambda x: None, np.ones(2))
    with pytest.raises(ValueError, match="`memory` must be 1 or more; got 0"):
        numerical_gradient(lambda x: np.sum(x, axis=1), np.ones(2), stacked=True, memory=0)
    with pytest.raises(ValueError, match="`step` must be positive and finite; got 0"):
        numerical_gradient(squares, np.ones(2), 0)
    with pytest.raises(ValueError, match="`step` must be positive and finite; got inf"):
        numerical_diff(math.sin, 1.0, math.inf)
    with pytest.raises(TypeError, match="real floating; got int64"):
        gradient_descent(squares, np.array([3, 4]))


def test_a_tensor_that_autograd_watches():
    torch = pytest.importorskip("torch")
    x = torch.tensor([3.0, 4.0], dtype=torch.float64, requires_grad=True)
    gradient = numerical_gradient(lambda x: (x**2).sum(), x)
    np.testing.assert_allclose(gradient.detach().numpy(), [6, 8], rtol=1e-9)
