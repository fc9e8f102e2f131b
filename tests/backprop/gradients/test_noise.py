"""Functions that are rounded, large, stepped or noisy: what can be told, and what can't."""

import itertools

import numpy as np
import pytest

from backprop import gradcheck
from backprop.gradients import Verdict

X = np.array([0.3, 1.7, -2.0])
MODES = ["full", "sampled", "directional"]


def float32_inside(v):
    return float(np.sum(np.sin(v.astype("float32"))))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("options", [{}, {"step": 1e-4}, {"rtol": 1e-3}])
def test_noise_is_no_kink(mode, options):
    report = gradcheck((float32_inside, lambda v: 0 * v + 99.0), X, mode=mode, **options)
    assert not report.ok
    assert not report["v"].kinks


@pytest.mark.parametrize(
    ("f", "wrong", "right", "x"),
    [
        (float32_inside, lambda v: -np.cos(v), np.cos, X),
        (
            lambda v: round(float(np.sum(np.cos(v))), 9),
            lambda v: 5 * np.sin(v),
            lambda v: -np.sin(v),
            X,
        ),
        (
            lambda v: np.sum(np.cos(v)),
            lambda v: 3 + 0 * v,
            lambda v: -np.sin(v),
            np.array([2e6]),
        ),
        (
            lambda v: np.sum(np.abs(v)),
            lambda v: np.where(v == 0, 5.0, np.sign(v)),
            np.sign,
            np.array([0.0, 1.0]),
        ),
        (
            lambda v: 1e12 + np.sum(v**2),
            lambda v: -2 * v,
            None,
            np.array([1.0, 2.0, 3.0]),
        ),
        (lambda v: 1e13 + np.sum(v**3), lambda v: -3 * v**2, None, np.array([1.0, 2.0])),
        (lambda v: np.sum(np.log(v)), lambda v: -7 / v, None, np.array([1e-12])),
    ],
    ids=["float32", "rounded", "large x", "one kink", "constant", "larger constant", "tiny x"],
)
@pytest.mark.parametrize("mode", MODES)
def test_a_wrong_gradient_is_never_ok(f, wrong, right, x, mode):
    for seed in range(5):
        with np.errstate(invalid="ignore"):  # a logarithm of what is below 0
            assert not gradcheck((f, wrong), x, mode=mode, seed=seed).ok
        if right is not None:
            report = gradcheck((f, right), x, mode=mode, seed=seed)
            assert report.ok, report


@pytest.mark.parametrize("library", ["jax", "torch"])
def test_float32_by_another_library(library):
    module = pytest.importorskip(library)
    if library == "torch":
        x = module.linspace(-2, 2, 20, dtype=module.float64)

        def f(v):
            return module.sin(v.float()).sum()

        def right(v):
            return module.cos(v)
    else:
        x = module.numpy.linspace(-2, 2, 20)

        def f(v):
            return module.numpy.sin(v.astype("float32")).sum()

        def right(v):
            return module.numpy.cos(v)

    assert gradcheck((f, right), x).ok
    for i in range(20):
        sign = np.ones(20)
        sign[i] = -1
        factors = module.asarray(sign) if library == "torch" else module.numpy.asarray(sign)
        assert not gradcheck((f, lambda v, s=factors: right(v) * s), x).ok


class Off:
    """A square that is small beside a constant."""

    def __init__(self, constant, factor):
        self.constant, self.factor = constant, factor

    def forward(self, x):
        self.x = x
        return self.constant + x**2

    def backward(self, dout):
        return self.factor * 2 * dout * self.x


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("constant", [1e10, 1e12, 1e13])
def test_agreeing_within_a_bar_as_wide_as_the_value_is_not_ok(constant, mode):
    x = np.random.default_rng(0).standard_normal(5)
    assert not gradcheck(Off(constant, -1), x, mode=mode).ok
    right = gradcheck(Off(constant, 1), x, mode=mode)
    assert right["x"].verdict in (Verdict.AGREES, Verdict.NOISY), right
    assert gradcheck(Off(constant, 1), x, mode=mode, allow="too noisy").ok


def test_the_mean_over_many_steps_tells_what_one_step_along_a_direction_does_not():
    def f(v):
        return 1e10 + np.sum(np.sin(v))

    x = np.random.default_rng(0).standard_normal(100)
    for seed in range(3):
        report = gradcheck((f, np.cos), x, mode="directional", seed=seed)
        assert report["v"].verdict is Verdict.AGREES, str(report)
        report = gradcheck((f, lambda v: 1.1 * np.cos(v)), x, mode="directional", seed=seed)
        assert report["v"].verdict is Verdict.WRONG, str(report)


@pytest.mark.parametrize("seed", range(6))
def test_cancelling_sums_of_wide_layers_in_float32(seed):
    class TanhW:
        def __init__(self, sign=1):
            rng = np.random.default_rng(2)
            self.W = rng.standard_normal((200, 200)).astype("f4")
            self.sign = sign

        def forward(self, x):
            self.x, self.y = x, np.tanh(x @ self.W)
            return self.y

        def backward(self, dout):
            self.dW = self.x.T @ (dout * (1 - self.y**2))
            g = (dout * (1 - self.y**2)) @ self.W.T
            worst = np.unravel_index(np.abs(g).argmax(), g.shape)
            g[worst] *= self.sign
            return g

    x = np.random.default_rng(seed).standard_normal((2, 200)).astype("f4")
    report = gradcheck(TanhW(), x, wrt="x")
    assert report["x"].verdict is Verdict.AGREES, report
    assert gradcheck(TanhW(-1), x, wrt="x")["x"].verdict is Verdict.WRONG


def test_a_rounded_output_is_not_reversed():
    class Rounded:
        def forward(self, x):
            self.x = x
            return np.round(np.sin(x), 3)

        def backward(self, dout):
            return dout * np.cos(self.x)

    report = gradcheck(Rounded(), np.array([[0.3, 1.7, -2.0], [0.5, 0.6, 2.2]]))
    assert report["x"].verdict in (Verdict.AGREES, Verdict.NOISY), report
    assert "reversed" not in str(report)


def test_a_function_by_chance_is_told_that_its_calls_differ():
    chance = map(np.random.default_rng(0).standard_normal, itertools.repeat(None))

    def f(v):
        return np.sum(v**2) + 1e-3 * next(chance)  # whose state no search gets at

    report = gradcheck((f, lambda v: 2 * v), X)
    assert not report.ok
    assert "two forward passes on the same inputs give different outputs" in str(report)


def test_a_softmax_over_the_whole_batch_is_explained():
    class Softmax:
        def forward(self, x):
            e = np.exp(x - x.max(axis=1, keepdims=True))
            self.y = e / e.sum(axis=1, keepdims=True)
            return self.y

        def backward(self, d):
            return self.y * (d - (d * self.y).sum())

    report = gradcheck(Softmax(), np.random.default_rng(0).standard_normal((4, 3)))
    assert report["x"].verdict is Verdict.WRONG


def test_backward_passes_that_vary_in_the_last_bits():
    rng = np.random.default_rng(0)
    noise = iter(rng.standard_normal, None)  # nothing puts it back, as the order of threads

    class Atomic:
        def forward(self, x):
            self.x = x
            return x**2

        def backward(self, d):
            return 2 * d * self.x * (1 + 1e-12 * next(noise))

    x = np.random.default_rng(1).standard_normal((4, 3))
    assert not gradcheck(Atomic(), x).ok
    assert gradcheck(Atomic(), x, nondet_tol=1e-9).ok


@pytest.mark.parametrize("wrong", [1e-6, -1e-5])
def test_a_gradient_far_smaller_than_dout_hides_no_mistake(wrong):
    x = np.random.default_rng(0).standard_normal((3, 4))

    def pair(factor):
        return lambda v: 1e-12 * np.sum(v**3), lambda v: 3e-12 * factor * v**2

    assert gradcheck(pair(1), x).ok
    assert not gradcheck(pair(1 + wrong), x).ok


@pytest.mark.parametrize("scale", [8.0, 16.0, 30.0])
def test_a_difference_of_numbers_near_1_may_be_rounded_like_1(scale):
    """The loss keeps its digits where the scores are large; its gradient y - t doesn't."""

    class Loss:
        def forward(self, x):
            self.z = x[:, 0] - x[:, 1]
            return np.log1p(np.exp(-self.z)).sum()

        def backward(self, dout=1):
            y = 1 / (1 + np.exp(-self.z))
            return np.stack([y - 1, 1 - y], axis=1) * dout

    x = np.random.default_rng(0).standard_normal((5, 2)) + np.array([scale, 0.0])
    report = gradcheck(Loss(), x)
    assert report["x"].verdict is not Verdict.WRONG, report


@pytest.mark.parametrize(("factor", "ok"), [(1.0, True), (2.0, False)])
def test_the_small_entries_of_a_large_gradient_may_be_the_rounded_ones(factor, ok):
    """The largest are exact; the others are a difference of numbers near 1."""

    class Loss:
        def forward(self, x):
            self.z = x[1200:]
            return 1e-11 * x[:1200].sum() + np.log1p(np.exp(-self.z)).sum()

        def backward(self, dout=1.0):
            rounded = 1 / (1 + np.exp(-self.z)) - 1
            return factor * dout * np.concatenate([np.full(1200, 1e-11), rounded])

    x = np.random.default_rng(0).uniform(29.0, 31.0, 70_000)
    report = gradcheck(Loss(), x, mode="sampled", samples=16)
    assert report.ok is ok, str(report)


def test_an_overflow_within_the_steps_is_no_ones_to_see():
    def f(v):
        return np.sum(np.exp(v**2))

    assert gradcheck((f, lambda v: 2 * v * np.exp(v**2)), np.array([26.0, 1.0])).ok


@pytest.mark.parametrize("beyond", [np.inf, -np.inf, np.nan])
def test_smaller_steps_decide_beside_a_border_beyond_which_nothing_is_finite(beyond):
    def f(v):
        return np.sum(np.where(v > 1.00004, beyond, v**2))

    x = np.array([1.0, 0.5, -2.0])
    assert gradcheck((f, lambda v: 2 * v), x)["v"].verdict is Verdict.AGREES
    reason = gradcheck((f, lambda v: 2.2 * v), x)["v"].reason
    assert "it is 1.1 times the numerical gradient" in reason


@pytest.mark.parametrize("factor", [-1.0, 0.5, 2.0])
def test_what_moves_in_steps_has_no_kink(factor):
    """The logarithm of 1 plus what is nearly nothing: φ moves by multiples of 2e-16."""
    for offset in (22.3, 24.0, 26.5, 28.1, 30.0):

        def f(v, offset=offset):
            return float(np.sum(np.log(1 + np.exp(v - offset))))

        def gradient(v, offset=offset):
            return factor / (1 + np.exp(offset - v))

        report = gradcheck((f, gradient), np.array([0.3]))
        assert not report.ok, report
        assert not report["v"].kinks


@pytest.mark.parametrize("factor", [-1.0, 2.0])
def test_an_output_in_float32_has_no_kink_along_a_direction(factor):
    class Narrow:
        def __init__(self):
            self.W = np.random.default_rng(6).standard_normal((20, 6))

        def forward(self, x):
            self.x, self.y = x, np.tanh(x @ self.W / 10)
            return self.y.astype("float32")

        def backward(self, d):
            g = d * (1 - self.y**2)
            self.dW = factor * self.x.T @ g / 10
            return g @ self.W.T / 10

    x = np.random.default_rng(106).standard_normal((5, 20))
    report = gradcheck(Narrow(), x, mode="directional")
    assert report["W"].verdict in (Verdict.WRONG, Verdict.NOISY), report
    assert not gradcheck(Narrow(), x, mode="directional").ok


def test_a_value_beside_both_slopes_of_one_kink_is_wrong():
    def pair(value):
        return (
            lambda v: np.abs(v).sum() - (v * v).sum(),
            lambda v: np.where(v == 0, value, np.sign(v)),
        )

    for value, right in ((1.0, True), (0.3, True), (1.01, False), (1.1, False), (-1.1, False)):
        assert gradcheck(pair(value), np.array([0.0])).ok is right


class Confident:
    """Softmax and cross-entropy: -log of a probability near 1 moves by multiples of 1e-16."""

    def __init__(self, factor):
        self.factor = factor

    def forward(self, x, t):
        e = np.exp(x - x.max(axis=1, keepdims=True))
        self.y, self.t = e / e.sum(axis=1, keepdims=True), t
        return -np.log(self.y[np.arange(len(t)), t]).mean()

    def backward(self, d=1.0):
        g = self.y.copy()
        g[np.arange(len(self.t)), self.t] -= 1
        return self.factor * d * g / len(self.t)


@pytest.mark.parametrize("gap", [25.0, 34.0, 36.0, 38.0, 60.0, 100.0])
@pytest.mark.parametrize("noise", [0.0, 1.0])
def test_confident_scores_pass_no_wrong_gradient_and_fail_no_right_one(gap, noise):
    t = np.arange(3)
    x = gap * np.eye(3) + noise * np.random.default_rng(int(gap)).standard_normal((3, 3))
    right = gradcheck(Confident(1.0), x, t)["x"]
    assert right.verdict in (Verdict.AGREES, Verdict.NOISY), right
    assert right.verdict is Verdict.AGREES or gap > 25.0
    for factor in (-1.0, 0.5, 2.0):
        assert not gradcheck(Confident(factor), x, t).ok


@pytest.mark.parametrize("point", [17.0, 25.0, 30.0, 32.0845, 32.8009, 33.5, 35.0, 36.69])
def test_what_saturates_passes_no_wrong_gradient_and_fails_no_right_one(point):
    def checked(factor):
        def gradient(v):
            return -factor / (1 + np.exp(-v)) / (1 + np.exp(v))

        return gradcheck(
            (lambda v: float(1 - 1 / (1 + np.exp(-v[0]))), gradient), np.array([point])
        )

    assert checked(1.0)["v"].verdict in (Verdict.AGREES, Verdict.NOISY)
    for factor in (-1.0, 0.5, 2.0):
        assert not checked(factor).ok


@pytest.mark.parametrize("factor", [0.9, 1.1])
def test_what_saturates_hides_no_mistake_at_another_entry(factor):
    """Far away it moves by more than here: the noise is that of where it begins to move."""
    report = gradcheck(
        (
            lambda v: float(np.log(1 + np.exp(-v)).sum()),
            lambda v: -np.array([factor, 1.0]) / (1 + np.exp(v)),
        ),
        np.array([27.4, 71.0]),
    )
    assert not report.ok, report


class Faint:
    """s x, where s is so small that no difference tells what the slope is."""

    def __init__(self, factor):
        self.factor = factor

    def forward(self, x):
        return 1.0 + 1e-17 * x

    def backward(self, dout):
        return 1e-17 * self.factor * dout


@pytest.mark.parametrize("factor", [1.0, 2.0, -1.0])
def test_a_faint_gradient_is_no_0_and_can_t_be_told(factor):
    """It is small beside `dout`; but where all are, its own size is what must be seen."""
    report = gradcheck(Faint(factor), np.array([[0.3, -1.2], [0.7, 2.0]]))
    assert report["x"].verdict is Verdict.NOISY
    assert not report.ok


def slopes(*values):
    return lambda p: np.array(values)


@pytest.mark.parametrize("second", [-2.0, 0.0, 4.0])
def test_a_small_entry_beside_a_huge_one_is_seen_or_too_noisy(second):
    report = gradcheck((lambda x: x**2, slopes(second, 2e8)), np.array([1.0, 1e8]))
    assert not report.ok, str(report)


@pytest.mark.parametrize("second", [0.0, 2e-3, -1e-3])
def test_twice_the_gradient_is_not_within_a_bar_of_half_of_it(second):
    def f(p):
        return 1e12 + 3 * p[0] + 1e-3 * p[1]

    assert not gradcheck((f, slopes(3.0, second)), np.array([0.3, 0.7])).ok


class Within:
    """off + a x + small sin(b), computed in a narrow dtype, and `db` times a factor."""

    def __init__(self, dtype, off, small, factor):
        rng = np.random.default_rng(0)
        self.a, self.b = rng.standard_normal(3), rng.standard_normal(3)
        self.dtype, self.off, self.small, self.factor = dtype, off, small, factor

    def forward(self, x):
        self.x, narrow = x, self.dtype
        moved = np.sin(self.b.astype(narrow)) * narrow(self.small)
        return (narrow(self.off) + x.astype(narrow) * self.a.astype(narrow) + moved).astype(float)

    def backward(self, d):
        self.da = (d * self.x).sum(0)
        self.db = d.sum(0) * np.cos(self.b) * self.small * self.factor
        return d * self.a


@pytest.mark.parametrize("off", [0.0, 1e2, 1e4])
@pytest.mark.parametrize("small", [1.0, 1e-1, 1e-2, 1e-3])
@pytest.mark.parametrize("factor", [1.0, 0.0, -1.0, 2.0])
def test_a_small_gradient_in_a_narrow_dtype_is_never_wrongly_told(off, small, factor):
    x = np.random.default_rng(1).standard_normal((4, 3))
    report = gradcheck(Within(np.float32, off, small, factor), x)
    if factor == 1.0:
        assert report["b"].verdict in (Verdict.AGREES, Verdict.NOISY), str(report)
    else:
        assert report["b"].verdict in (Verdict.WRONG, Verdict.NOISY), str(report)


def test_rounding_in_a_narrow_dtype_is_relative_where_values_are_small():
    """At 0, float32 is fine; its slope is rounded all the same."""
    report = gradcheck(
        (lambda p: float(np.float32(3 * p[0] + 0.01 * p[1])), slopes(3.0, 0.01)), np.zeros(2)
    )
    assert report.ok, str(report)


@pytest.mark.parametrize("factor", [0.0, 1.0])
def test_a_forgotten_gradient_of_a_rounded_function_is_not_ok(factor):
    class Rounded:
        def __init__(self):
            self.a, self.b = np.array([0.7, -0.4]), np.array([0.3, 0.2])

        def forward(self, x):
            self.x = x
            return np.round(x * self.a + 0.03 * x**2 * self.b, 4)

        def backward(self, d):
            self.da = (d * self.x).sum(0)
            self.db = factor * (d * 0.03 * self.x**2).sum(0)
            return d * (self.a + 0.06 * self.x * self.b)

    x = np.random.default_rng(0).standard_normal((5, 2))
    assert gradcheck(Rounded(), x).ok is (factor == 1.0)


class Ruined:
    """x²; its gradient comes as a small difference of large numbers."""

    def forward(self, x):
        self.x = x
        return x * x

    def backward(self, dout):
        large = np.asarray(1e4, self.x.dtype)
        return ((2 * self.x + large) - large) * dout


def test_a_gradient_that_a_narrow_dtype_ruins_is_wrong_there():
    x = np.array([0.3, -0.7, 1.1])
    assert gradcheck(Ruined(), x, atol=1e-9).ok
    report = gradcheck(Ruined(), x.astype("float32"))
    assert report["x"].verdict is Verdict.WRONG
    assert "in float32, and right in a wider dtype" in report["x"].reason


def test_a_target_is_not_judged_by_another_function_that_it_is_in_a_wider_dtype():
    """x² in float32, with the right gradient; in float64 it is scaled otherwise."""

    class Scaled:
        def forward(self, x):
            self.x = x
            return x * x * (1 if x.dtype == np.float32 else 3)

        def backward(self, dout):
            return 2 * self.x * dout

    report = gradcheck(Scaled(), np.array([0.3, -0.7, 1.1], np.float32))
    assert report["x"].verdict is Verdict.AGREES, str(report)


def test_a_gradient_that_overflows_in_a_narrow_dtype_is_not_finite():
    class Overflowing(Ruined):
        def backward(self, dout):
            large = np.asarray(1e30, self.x.dtype)
            with np.errstate(over="ignore"):
                return 2 * self.x * (dout * large * large / large / large)

    x = np.array([0.3, -0.7, 1.1])
    assert gradcheck(Overflowing(), x).ok
    entry = gradcheck(Overflowing(), x.astype("float32"))["x"]
    assert (entry.verdict, entry.reason) == (Verdict.WRONG, "it is not finite")


def test_a_gradient_that_the_rounding_of_its_input_moves_as_far_is_right():
    class Steep:
        def forward(self, x):
            self.x = np.asarray(1e5, x.dtype) * x
            return np.sin(self.x)

        def backward(self, dout):
            return 1e5 * dout * np.cos(self.x)

    report = gradcheck(Steep(), np.array([0.3, -0.7, 1.1], dtype="float32"))
    assert report["x"].verdict is Verdict.AGREES, str(report)


class Fast:
    """sin(1.1 x), whose argument is rounded by a share of itself."""

    def forward(self, x):
        self.z = np.asarray(1.1, x.dtype) * x
        return np.sin(self.z)

    def backward(self, dout):
        return dout * np.asarray(1.1, self.z.dtype) * np.cos(self.z)


@pytest.mark.parametrize("size", [1e3, 1e4, 1e5])
def test_what_a_narrow_dtype_rounds_far_from_0_is_right(size):
    report = gradcheck(Fast(), (size * np.linspace(1.0, 2.0, 7)).astype("float32"))
    assert report["x"].verdict is Verdict.AGREES, report


@pytest.mark.parametrize("factor", [1.0, 1.001, 2.0])
def test_what_moves_in_steps_as_wide_as_its_slope_is_left_open(factor):
    """Of φ in multiples of 0.01, at points of a thousandth, no error of twice could be seen."""

    class Rounded:
        def forward(self, x):
            self.x = x
            return np.round(np.sin(x) / 0.01) * 0.01

        def backward(self, d):
            return d * factor * np.cos(self.x)

    report = gradcheck(Rounded(), 1e-3 * np.array([[0.0, 0.3], [-0.7, 1.1]]))
    assert report["x"].verdict is Verdict.NOISY
    assert "the error bar is as large as the gradient itself at 4 of 4" in report["x"].reason
