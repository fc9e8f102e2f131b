import sys

import numpy as np
import pytest

import backends
from backends import DeviceUnavailableError
from backends.testing import names, opened
from tests.support import Case


def test_what_a_case_makes(case: Case):
    x = case.array([[1.0, 2.0]])
    assert backends.of(x) == case.backend
    assert x.dtype == case.backend.dtype(case.dtype)
    assert case.numpy(x).dtype == case.dtype
    assert case.numpy(x).shape == (1, 2)
    assert case.numpy(case.array([1, 2])).dtype.kind == "i"
    assert case.array([True]).dtype == case.backend.dtype("bool")
    assert case.array([1, 2], "float32").dtype == case.backend.dtype("float32")


def test_a_selection_names_rows_and_whole_libraries():
    assert names(["torch", "numpy:float32", "strict:device1"]) == [
        "torch",
        "torch:meta",
        "numpy:float32",
        "strict:device1",
    ]
    assert names(["numpy", "numpy:readonly"]) == ["numpy", "numpy:float32", "numpy:readonly"]
    assert {"numpy", "strict:strictest", "torch:meta", "jax:jit", "dpnp", "cupy"} <= set(names())
    with pytest.raises(ValueError, match="a backend must be one of numpy, .*; got 'tensorflow'"):
        names(["tensorflow"])


def test_what_is_not_there_is_unavailable(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    with pytest.raises(DeviceUnavailableError, match="cupy is not installed"), opened("cupy"):
        pass


def test_check_says_what_is_wrong():
    with opened("strict:device1") as case:
        x = case.array([1.0, 2.0])
        case.check(x, [1.0, 2.0 + 1e-13])
        wrong = {
            "1 of 2 values differ; the worst at (1,) must be 3; got 2": (x, [1.0, 3.0]),
            "shape must be (1, 2); got (2,)": (x, [[1.0, 2.0]]),
            "got float": (1.0, 1.0),
            "an array of numpy on cpu": (np.ones(2), np.ones(2)),
            "an array of array-api-strict on cpu": (case.xp.ones(2), np.ones(2)),
            "dtype must be array_api_strict.float64; got array_api_strict.float32": (
                case.array([1.0], "float32"),
                [1.0],
            ),
        }
        for message, (actual, expected) in wrong.items():
            with pytest.raises(AssertionError) as error:
                case.check(actual, expected)
            assert message in str(error.value)
            assert str(error.value).startswith("strict:device1: ")
        case.check(x, [1.0, 2.1], atol=0.2)
        case.check(x, [1.0, 2.1], rtol=0.2)
        with pytest.raises(AssertionError, match="must be nan; got 2"):
            case.check(x, [1.0, np.nan])


def test_without_values_the_rest_is_checked():
    pytest.importorskip("torch")
    with opened("torch:meta") as case:
        x = case.array([1.0, 2.0])
        case.check(x, [7.0, 8.0])
        case.unchanged(x, [7.0, 8.0])
        with pytest.raises(AssertionError, match=r"shape must be \(3,\); got \(2,\)"):
            case.check(x, [1.0, 2.0, 3.0])


@pytest.mark.parametrize(
    "read",
    [bool, float, int, complex, list, np.asarray, lambda x: [1, 2][x], lambda x: 0.0 in x],
    ids=["bool", "float", "int", "complex", "list", "asarray", "index", "in"],
)
def test_strict_lets_no_value_be_read(read):
    with opened("strict:cpu") as case:
        x = case.array(1) if read is not list else case.array([1.0])
        with pytest.raises(AssertionError, match="no value may be read: the host would have to"):
            case.run(read, x)
        assert case.run(lambda x: x + x, x) is not None
        if read in (bool, float, int):
            assert read(x) == 1  # afterwards all is as it was


def test_a_device_is_no_dictionary_key():
    with opened("strict:device1") as case:
        x = case.array(1.0)
        with pytest.raises(TypeError, match="a device can't be a dictionary key"):
            case.run(lambda x: {x.device: 1}, x)
        assert {x.device: 1}[x.device] == 1


def test_jit_is_traced():
    pytest.importorskip("jax")
    with opened("jax:jit") as case:
        seen = []
        y = case.run(lambda x: seen.append(type(x).__name__) or 2 * x, case.array([1.0]))
        case.check(y, [2.0])
        assert "Tracer" in seen[0]


def test_readonly_and_strictest():
    with opened("numpy:readonly") as case, pytest.raises(ValueError, match="read-only"):
        case.array([1.0])[0] = 2.0
    with opened("strict:strictest") as case:
        x = case.array([1.0, -1.0])
        with pytest.raises(RuntimeError, match="boolean"):
            x[x > 0]
    with opened("strict:cpu") as case:
        x = case.array([1.0, -1.0])
        assert x[x > 0].shape == (1,)


def test_unchanged_notices():
    with opened("numpy") as case:
        x = case.array([1.0, np.nan])
        case.unchanged(x, [1.0, np.nan])
        x[0] = 2.0
        with pytest.raises(AssertionError, match=r"must not be changed; it was \[ 1. nan\] and is"):
            case.unchanged(x, [1.0, np.nan])
