"""What is rounding and nothing else is nobody's fault; what only looks like it stays wrong."""

import math

import numpy as np
import pytest

from backends import device, namespace
from backends.testing import capabilities, equivalence, rounding
from backends.testing.parts import parts

ROWS = ("numpy*", "strict", "torch", "jax*")
X = np.array([0.1, 0.4, 0.7, 1.1, 2.3])
A = np.random.default_rng(1).normal(size=(4, 3))
ROUNDED = "but for rounding, as NumPy's own runs in float32 and float64 show"


def residuals(x, y):
    xp = namespace(x)
    u, v = x - xp.mean(x), y - xp.mean(y)
    return xp.sum((v - xp.sum(u * v) / xp.sum(u * u) * u) ** 2)


def mean_of_scores(x):
    xp = namespace(x)
    return xp.mean((x - xp.mean(x)) / xp.std(x))


def parallel(a):
    return namespace(a).linalg.cross(a, 3 * a)


def orthogonality(a):
    xp = namespace(a)
    q = xp.linalg.qr(a)[0]
    return xp.matmul(q.mT, q) - xp.eye(3, dtype=a.dtype, device=device(a))


def projected(a):
    return a - a @ namespace(a).linalg.pinv(a) @ a


# The last of each is a row that could not agree but for rounding: on NumPy in float32, and whatever
# follows it, two of them come out as 0 by chance.
ALONE = [
    (residuals, (X, 2.1 * X + 0.7), "numpy:float32"),
    (mean_of_scores, (X,), "torch"),
    (mean_of_scores, (np.random.default_rng(0).normal(size=100),), "numpy:float32"),
    (parallel, (np.array([0.1, 0.7, 1.3]),), "torch"),
    (parallel, (np.array([11.1, 17.3, 9.3]),), "numpy:float32"),
    (orthogonality, (A,), "numpy:float32"),
    (projected, (A,), "numpy:float32"),
]
EDGES = [
    (lambda x: namespace(x).floor(x * 10), [0.1, 0.2, 0.3, 0.7]),
    (lambda x: x[0] + x[1] == x[2], [0.1, 0.2, 0.3]),
    (lambda x: as_int32(namespace(x).searchsorted(edges(x), x)), [0.3, 0.1, 0.2]),
    (lambda x: as_int32(x * 10), [0.1, 0.2, 0.3, 0.7]),
]


def as_int32(x):
    return namespace(x).astype(x, namespace(x).int32)


def edges(x):
    return namespace(x).linspace(0, 1, 11, dtype=x.dtype, device=device(x))


def other(x, here, there):
    """Give NumPy one thing and every other library another."""
    return here if isinstance(x, np.ndarray) else there


@pytest.mark.parametrize(("function", "inputs", "row"), ALONE)
def test_what_is_rounding_alone_agrees(function, inputs, row):
    report = equivalence(
        function, *inputs, backends=ROWS, capabilities=capabilities(extensions=("linalg",))
    )
    assert report.wrong == (), str(report)
    assert report.ok
    there = {o.backend: o for o in report.outcomes}[row]
    if there.verdict == "skipped":
        pytest.skip(there.reason)
    assert there.reason == ROUNDED


@pytest.mark.parametrize(("function", "values"), EDGES, ids=["floor", "equal", "search", "cast"])
def test_at_the_edge_of_a_step_rounding_decides(function, values):
    report = equivalence(function, np.array(values), backends=ROWS)
    assert report.wrong == (), str(report)
    found = {o.backend: o.reason for o in report.outcomes}
    assert found["numpy:float32"] == ROUNDED
    assert found["numpy"] == found["strict:cpu"] == ""


def test_numbers_of_python_are_no_exception():
    def f(x):
        return float(mean_of_scores(x)), int(x[3] * 10), math.floor(x[3] * 10)

    report = equivalence(
        f, np.array([0.1, 0.2, 0.3, 0.7]), backends=ROWS, capabilities=capabilities(reads=True)
    )
    assert report.wrong == (), str(report)


def centered(x):
    return x - namespace(x).mean(x)


def pressures():
    return np.random.default_rng(1).normal(101325, 50, 200)


def a_peak(x):
    return namespace(x).fft.rfft(x)


def two_ways(x):
    return (x - 1) ** 3 - (x**3 - 3 * x**2 + 3 * x - 1)


SIZES = [
    (centered, (pressures(),)),
    (lambda a, b: a @ b, tuple(np.random.default_rng(1).normal(0, 30, (2, 40, 40)))),
    (a_peak, (100 * np.sin(np.arange(300) * 2 * np.pi * 5 / 300),)),
    (lambda x: namespace(x).cumulative_sum(x), (np.random.default_rng(1).normal(0, 100, 400),)),
    (two_ways, (np.random.default_rng(0).normal(0, 5, 30),)),
]


@pytest.mark.parametrize(("function", "inputs"), SIZES)
def test_rounding_that_the_size_of_the_data_explains(function, inputs):
    said = capabilities(extensions=("fft",))
    report = equivalence(function, *inputs, backends=ROWS, capabilities=said)
    assert report.ok, str(report)


def test_rounding_that_the_condition_of_the_data_explains():
    hilbert = np.array([[1 / (i + j + 1) for j in range(5)] for i in range(5)])
    rows = ("numpy", "strict:cpu", "torch", "jax")
    report = equivalence(lambda a: namespace(a).linalg.inv(a), hilbert, backends=rows)
    assert report.ok, str(report)


@pytest.mark.parametrize(
    ("row", "eps"), [("strict:cpu", 2.0**-52), ("strict:no_float64", 2.0**-23)]
)
def test_how_much_is_let_off(row, eps):
    """A small multiple of what a few units in the last place of the data make, and no more."""

    def f(x, units):
        return centered(x) + other(x, 0.0, 1.0) * units * eps * 101325

    few, many = (
        equivalence(f, pressures(), units, backends=row).outcomes[0] for units in (5.0, 200.0)
    )
    assert few.verdict == "agrees"
    assert few.reason == ROUNDED
    assert many.verdict == "wrong"


@pytest.mark.parametrize("row", ["strict:cpu", "strict:no_float64"])
def test_how_much_is_let_off_where_all_is_rounding(row):
    from backends.testing.call import Call
    from backends.testing.rounding import Rounding

    data = np.random.default_rng(0).normal(size=100)
    noise = Rounding(Call(mean_of_scores, (data,), {})).noise("", np.asarray(0.0))
    noise *= 2.0**-29 if row == "strict:cpu" else 1.0

    def f(x, times):
        return mean_of_scores(x) + other(x, 0.0, 1.0) * times * noise

    few, many = (equivalence(f, data, n, backends=row).outcomes[0] for n in (10.0, 100.0))
    assert (few.verdict, few.reason) == ("agrees", ROUNDED)
    assert many.verdict == "wrong"


class TestWhatIsNot:
    """Each of these has a value that is small, or whole, and is wrong all the same."""

    def test_small_values_that_the_inputs_warrant(self):
        def small(x):
            return 1e-20 * x * other(x, 1, 2)

        report = equivalence(small, X, backends=("strict:cpu", "strict:no_float64"))
        assert report.wrong == ("strict:cpu", "strict:no_float64")

    def test_small_values_that_float32_can_t_hold(self):
        report = equivalence(lambda x: 1e-50 * x * other(x, 1, 2), X, backends="strict:cpu")
        assert report.wrong == ("strict:cpu",)

    @pytest.mark.parametrize(("row", "more"), [("strict:cpu", 1e-13), ("strict:no_float64", 1e-4)])
    def test_more_than_the_rounding_of_the_dtype(self, row, more):
        def f(x, y):
            return residuals(x, y) + other(x, 0.0, more)

        found = equivalence(f, X, 2.1 * X + 0.7, backends=row).outcomes[0]
        assert found.verdict == "wrong"
        assert "values differ" in found.reason

    def test_a_tolerance_that_was_given_stays(self):
        options = {"backends": "numpy:float32", "rtol": 1e-3}
        assert not equivalence(residuals, X, 2.1 * X + 0.7, **options, atol=1e-20).ok
        assert not equivalence(residuals, X, 2.1 * X + 0.7, **options, atol={"float32": 0}).ok
        assert equivalence(residuals, X, 2.1 * X + 0.7, **options, atol={"float64": 0}).ok

    def test_float32_that_loses_what_float64_keeps(self):
        def variance(x):
            xp = namespace(x)
            return xp.mean(x * x) - xp.mean(x) ** 2

        report = equivalence(variance, np.array([10000.0, 10002.0]), backends="numpy:float32")
        assert report.wrong == ("numpy:float32",)

    def test_small_values_with_a_digit_in_common(self):
        report = equivalence(lambda x: (1 + x) - 1, X * 1e-5, backends="numpy:float32")
        assert report.wrong == ("numpy:float32",)

    def test_another_value_in_float32_that_is_as_large_as_the_inputs(self):
        def f(x):
            return x * (0.5 if x.dtype == namespace(x).float32 else 1e-30)

        report = equivalence(f, X, backends=("numpy", "numpy:float32", "strict:no_float64"))
        assert report.wrong == ("numpy:float32", "strict:no_float64")

    def test_another_step_in_float32_that_is_no_edge(self):
        def f(x):
            xp = namespace(x)
            return xp.astype(xp.floor(x * 10), xp.int32) + (x.dtype == xp.float32)

        report = equivalence(f, X, backends=("numpy", "numpy:float32", "strict:no_float64"))
        assert report.wrong == ("numpy:float32", "strict:no_float64")

    def test_another_step_on_one_library(self):
        def f(x):
            return namespace(x).floor(x * 10) + other(x, 0, 1)

        report = equivalence(f, np.array([0.1, 0.7]), backends=("strict:cpu", "strict:no_float64"))
        assert report.wrong == ("strict:cpu", "strict:no_float64")

    @pytest.mark.parametrize("row", ["strict:cpu", "strict:no_float64"])
    def test_a_small_value_beside_a_large_one(self, row):
        def f(x):
            xp = namespace(x)
            return x * xp.asarray([1.0, other(x, 1.0, 2.0)], dtype=x.dtype, device=device(x))

        assert equivalence(f, np.array([1e6, 1e-4]), backends=row).wrong == (row,)

    @pytest.mark.parametrize("row", ["strict:cpu", "strict:no_float64"])
    def test_a_step_between_large_values(self, row):
        def f(x):
            xp = namespace(x)
            return xp.where(x > 1e6, x, 0.5 * x) + other(x, 0.0, 1.0) * 1e-3 * x

        assert equivalence(f, np.array([1e6, 1.5e6]), backends=row).wrong == (row,)
        whole = equivalence(
            lambda x: namespace(x).floor(x) + other(x, 0, 1), np.array([1e10]), backends=row
        )
        assert whole.wrong == ((row,) if row == "strict:cpu" else ())

    def test_a_value_that_the_data_hold_though_one_is_infinite(self):
        def f(x):
            xp = namespace(x)
            small = xp.astype(x[1:] * (0.5 if x.dtype == xp.float32 else 1e-30), x.dtype)
            return small

        report = equivalence(f, np.array([np.inf, 0.1, 0.7]), backends="strict:no_float64")
        assert report.wrong == ("strict:no_float64",)

    def test_a_function_that_can_t_be_asked_in_float32(self):
        def f(x):
            if isinstance(x, np.ndarray) and x.dtype == np.float32:
                raise TypeError
            return mean_of_scores(x) * other(x, 1, 1e9)

        report = equivalence(f, X, backends=("strict:cpu", "strict:no_float64"))
        assert report.wrong == ("strict:cpu", "strict:no_float64")


@pytest.mark.parametrize(
    ("narrow", "wide"), [(np.inf, 1e30), (1e30, np.inf), (np.nan, 1.0), (np.inf, np.inf)]
)
def test_what_overflows_tells_of_no_rounding(narrow, wide):
    """Else its rounding would be infinite, and all would agree."""
    first, second = (parts({"y": np.asarray(x)}) for x in (narrow, wide))
    (place,) = first.leaves
    assert rounding._pair(first, second, place) is None
    assert rounding._pair(*[parts({"y": np.asarray(2.0)})] * 2, place) == (2.0, 2.0)
