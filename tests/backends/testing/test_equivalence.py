import re
import sys

import numpy as np
import pytest

from backends import namespace
from backends.testing import assert_equivalent, equivalence, names

X = np.array([[1.0, 2.0, 4.0], [0.5, -1.0, 3.0]])


def moving_average(x, width=2):
    """Average of each `width` neighbors: a function outside neural networks."""
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
    total = len(names())
    ran = total - len(report.skipped)
    head = f"moving_average on {ran} of {total} backends, held to NumPy float64: agrees\n"
    assert str(report).startswith(head)
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
        (lambda x: namespace(x).ones(3), "must be an array of array-api-strict on device1"),
        (
            lambda x: namespace(x).ones_like(x, dtype=namespace(x).float32),
            "dtype must be .*64; got",
        ),
        (lambda x: x.sum(), "AttributeError: .*sum"),
    ],
    ids=["NumPy", "device", "dtype", "method"],
)
def test_what_is_wrong_is_said(function, reason):
    def with_clean_reference(x):
        return function(x) if not isinstance(x, np.ndarray) else np.ones_like(x)

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
    assert row["strict:cpu"].reason == "must return result; got result[0], result[1]"
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
    assert row.reason == "cupy is not installed: pip install 'backprop-by-hand[cuda12]'"
    report = equivalence(moving_average, X, backends=["cupy"])
    assert not report.ok  # nothing is known
    assert str(report).startswith(
        "moving_average on 0 of 1 backends, held to NumPy float64: not run"
    )
    with pytest.raises(AssertionError, match="on 0 of 1 backends"):
        assert_equivalent(moving_average, X, backends=["cupy"])
    assert assert_equivalent(moving_average, X, backends=["numpy", "cupy"]).ok
    with pytest.raises(AssertionError, match="cupy +skipped +cupy is not installed"):
        assert_equivalent(moving_average, X, backends=["numpy", "cupy"], require=True)
    with pytest.raises(ValueError, match="got 'nothing'"):
        equivalence(moving_average, X, backends=["nothing"])


def test_the_assertion_shows_the_report_and_its_cause():
    with pytest.raises(AssertionError, match=r"wrong on strict:cpu\n  strict:cpu +wrong") as error:
        assert_equivalent(lambda x: x.sum() * x, X, backends=["strict:cpu"])
    assert isinstance(error.value.__cause__, AttributeError)


def test_a_function_that_is_broken_everywhere_says_so_itself():
    with pytest.raises(ZeroDivisionError):
        equivalence(lambda x: 1 / 0, X)


def other(x, here, there):
    """Give NumPy one thing and every other library another."""
    return here if isinstance(x, np.ndarray) else there


def test_integers_and_booleans_are_equal_or_wrong():
    def count(x):
        xp = namespace(x)
        return xp.asarray(other(x, 200_000, 200_001), dtype=xp.int32, device=x.device)

    row = verdicts(count, X, backends=["strict:no_float64"], rtol=0.1)["strict:no_float64"]
    assert "must be 200000; got 200001" in row.reason
    row = verdicts(lambda x: x > other(x, 0.0, 1.5), X, backends=["strict:cpu"], atol=1.0)
    assert row["strict:cpu"].verdict == "wrong"


@pytest.mark.parametrize("dtype", ["int8", "int32", "uint8", "bool", "int64"])
def test_integers_keep_their_width(dtype):
    x = np.array([100, 27]).astype(dtype)
    assert assert_equivalent(lambda x: x * x if dtype != "bool" else x, x).ok
    narrow = verdicts(lambda x: namespace(x).astype(x, namespace(x).int16), x, backends=["strict"])
    assert {row.verdict for row in narrow.values()} == {"agrees"}

    def other_width(x):
        xp = namespace(x)
        return xp.astype(x, other(x, xp.int32, xp.int16))

    row = verdicts(other_width, x, backends=["strict:cpu"])["strict:cpu"]
    assert "dtype must be array_api_strict.int32; got array_api_strict.int16" in row.reason


def test_a_relative_tolerance_is_no_absolute_one():
    def sign(x):
        return x * other(x, 1e-4, -1e-4)

    assert verdicts(sign, X, backends=["strict:cpu"], rtol=1e-3)["strict:cpu"].verdict == "wrong"
    for wrong in (-1.0, float("nan")):
        with pytest.raises(ValueError, match="tolerances must be 0 or more; got"):
            equivalence(sign, X, rtol=wrong)


def test_scalars_of_numpy_are_data():
    assert assert_equivalent(lambda x: 2 * x, np.float64(2)).ok
    assert assert_equivalent(lambda x, axes: namespace(x).permute_dims(x, axes), X, (1, 0)).ok


def test_other_keys():
    row = verdicts(lambda x: {other(x, "a", "b"): x}, X, backends=["strict:cpu"])["strict:cpu"]
    assert row.reason == "must return result['a']; got result['b']"
