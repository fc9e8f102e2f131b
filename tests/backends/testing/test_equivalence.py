import re
import sys

import numpy as np
import pytest

from backends import namespace
from backends.testing import assert_equivalent, equivalence

X = np.array([[1.0, 2.0, 4.0], [0.5, -1.0, 3.0]])


def moving_average(x, width=2):
    """Average of each `width` neighbours: a function outside neural networks."""
    xp = namespace(x)
    sums = xp.cumulative_sum(x, axis=-1, include_initial=True)
    return (sums[..., width:] - sums[..., :-width]) / width


def verdicts(function, *inputs, **options):
    return {o.backend: o for o in equivalence(function, *inputs, **options).outcomes}


def test_a_portable_function_agrees():
    report = assert_equivalent(moving_average, X)
    assert report.ok
    assert report.wrong == ()
    found = {o.backend: o.verdict for o in report.outcomes}
    assert found["numpy"] == found["strict:device1"] == found["numpy:float32"] == "agrees"
    assert str(report).startswith("moving_average on 15 backends, held to NumPy float64: agrees\n")
    assert "  strict:device1     agrees" in str(report)


def test_lists_tuples_dictionaries_and_what_is_no_array():
    def moments(x, power, options):
        xp = namespace(x)
        return {"mean": xp.mean(x), "rest": (xp.mean(x**power), [xp.sum(x) * options["s"]])}

    assert assert_equivalent(moments, [1.0, 2.0], 2, {"s": 3.0}).ok
    assert assert_equivalent(lambda x: namespace(x).astype(x > 1, namespace(x).int32), X).ok
    assert assert_equivalent(lambda x: x > 1, X, backends=["numpy", "strict"]).ok
    assert assert_equivalent(lambda x: x * 1j, X + 0j, backends="numpy").ok


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (lambda x: np.ones(3), "must be an array of array-api-strict on device1; got an array of"),
        (lambda x: float(namespace(x).sum(x)), "AssertionError: no value may be read"),
        (lambda x: namespace(x).ones(3), "must be an array of array-api-strict on device1"),
        (lambda x: namespace(x).astype(x, namespace(x).float32), "dtype must be .*float64; got"),
        (lambda x: x.sum(), "AttributeError: .*sum"),
    ],
    ids=["NumPy", "float", "device", "dtype", "method"],
)
def test_what_is_wrong_is_said(function, reason):
    def with_clean_reference(x):
        return function(x) if not isinstance(x, np.ndarray) else function(x) * 1

    row = verdicts(with_clean_reference, X, backends=["strict:device1"])["strict:device1"]
    assert row.verdict == "wrong"
    assert re.search(reason, row.reason), row.reason


def test_values_shapes_and_structure():
    def differs(x):
        return x * (1.0 if isinstance(x, np.ndarray) else 1.001)

    row = verdicts(differs, X, backends=["strict:cpu"])["strict:cpu"]
    assert row.reason.startswith("6 of 6 values differ; the worst at (0, 2) must be 4; got 4.004")
    assert (
        verdicts(differs, X, backends=["strict:cpu"], rtol=0.01)["strict:cpu"].verdict == "agrees"
    )
    row = verdicts(lambda x: x if isinstance(x, np.ndarray) else (x, x), X, backends=["strict:cpu"])
    assert row["strict:cpu"].reason == "must return 1 arrays; got 2"
    row = verdicts(
        lambda x: (x, x if isinstance(x, np.ndarray) else -x), X, backends=["strict:cpu"]
    )
    assert row["strict:cpu"].reason.startswith("result[1]: 6 of 6 values differ")


def test_a_changed_input_is_wrong():
    def scale(x):
        x *= 2.0
        return x / 2.0

    found = verdicts(scale, X)
    assert found["numpy"].reason.startswith("AssertionError: numpy: an input must not be changed")
    assert "read-only" in found["numpy:readonly"].reason
    assert X[0, 0] == 1.0


def test_what_can_t_be_had_is_skipped(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    row = verdicts(moving_average, X, backends=["cupy"])["cupy"]
    assert row.verdict == "skipped"
    assert row.reason == "cupy is not installed: pip install 'backprop[cuda12]'"
    assert equivalence(moving_average, X, backends=["cupy"]).ok
    with pytest.raises(ValueError, match="got 'nothing'"):
        equivalence(moving_average, X, backends=["nothing"])


def test_the_assertion_shows_the_report_and_its_cause():
    with pytest.raises(AssertionError, match=r"wrong on strict:cpu\n  strict:cpu +wrong") as error:
        assert_equivalent(lambda x: float(x[0, 0]) * x, X, backends=["numpy", "strict:cpu"][1:])
    assert isinstance(error.value.__cause__, AssertionError)


def test_a_function_that_is_broken_everywhere_says_so_itself():
    with pytest.raises(ZeroDivisionError):
        equivalence(lambda x: 1 / 0, X)
