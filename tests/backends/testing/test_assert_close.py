import numpy as np
import pytest

from backends import namespace, select
from backends.testing import assert_close, capabilities, equivalence
from tests.support import Case

DEVICE1 = select("device1", "array-api-strict")
CPU = select("cpu", "array-api-strict")


def test_the_same_is_close(case: Case):
    for values in ([1.0, np.nan, np.inf], [1, 2], [True], [1 + 2j], 3.0, []):
        assert_close(case.array(values), case.array(values))
    near = case.array(np.array([1.0, 2.0]) * (1 + 1e-14))
    assert_close(near, case.array([1.0, 2.0]))


@pytest.mark.parametrize(
    ("actual", "desired", "message", "switch"),
    [
        (
            CPU.asarray([1.0]),
            np.array([1.0]),
            "must be an array of numpy; got one of array-api-strict",
            "check_namespace",
        ),
        (
            CPU.asarray([1.0]),
            DEVICE1.asarray([1.0]),
            "device must be device1; got cpu",
            "check_device",
        ),
        (
            CPU.asarray([1.0]),
            CPU.asarray([1.0], "float32"),
            "dtype must be float32; got float64",
            "check_dtype",
        ),
        (CPU.asarray([1]), CPU.asarray([1.0]), "dtype must be float64; got int64", "check_dtype"),
        (
            CPU.asarray([[1.0]]),
            CPU.asarray([1.0]),
            r"shape must be \(1,\); got \(1, 1\)",
            "check_shape",
        ),
        (CPU.asarray([1.0]), [1.0], "both must be arrays; got list", "check_namespace"),
    ],
)
def test_each_can_be_switched_off(actual, desired, message, switch):
    with pytest.raises(AssertionError, match=message):
        assert_close(actual, desired)
    assert_close(actual, desired, **{switch: False})


def test_devices_of_one_library_are_compared_whatever_the_namespace():
    for wrong, desired in ((DEVICE1, CPU), (CPU, DEVICE1)):
        x, y = wrong.asarray([1.0]), desired.asarray([1.0])
        with pytest.raises(AssertionError, match=f"device must be {desired.device_name}"):
            assert_close(x, y, check_namespace=False)
        assert_close(x, y, check_namespace=False, check_device=False)


def test_scalars_of_numpy():
    assert_close(np.float64(1.0), np.asarray(1.0))
    with pytest.raises(AssertionError, match="must be a ndarray; got float64"):
        assert_close(np.float64(1.0), np.asarray(1.0), check_scalar=True)
    with pytest.raises(AssertionError, match="both must be arrays; got float"):
        assert_close(1.0, np.asarray(1.0))


def test_values():
    x, y = CPU.asarray([1.0, 2.0, 4.0]), CPU.asarray([1.0, 2.0, 5.0])
    with pytest.raises(
        AssertionError, match=r"mine: 1 of 3 values differ; the worst at \(2,\) must"
    ):
        assert_close(x, y, err_msg="mine")
    assert_close(x, y, rtol=0.3)
    assert_close(x, y, atol=1.0)
    assert_close(x, y, rtol={"float64": 0.3})
    with pytest.raises(AssertionError):
        assert_close(x, y, rtol={"float32": 0.3})
    with pytest.raises(AssertionError, match="must be 3; got 2"):
        assert_close(CPU.asarray([2]), CPU.asarray([3]), atol=5)
    with pytest.raises(AssertionError, match="must be nan"):
        assert_close(x, CPU.asarray([1.0, 2.0, np.nan]))
    with pytest.raises(AssertionError, match="must be inf; got -inf"):
        assert_close(CPU.asarray([-np.inf]), CPU.asarray([np.inf]))
    with pytest.raises(AssertionError, match="1 of 3 values differ"):
        assert_close(x, CPU.asarray(4.0), check_shape=False, atol=2.0)
    with pytest.raises(ValueError, match="tolerances must be 0 or more"):
        assert_close(x, y, rtol=-1.0)


def test_narrow_dtypes_have_wider_tolerances():
    x = CPU.asarray([1.0], "float32")
    assert_close(x, CPU.asarray([1.0 + 1e-6], "float32"))
    assert_close(x, CPU.asarray([1.0 + 1e-6]), check_dtype=False)
    with pytest.raises(AssertionError):
        assert_close(CPU.asarray([1.0]), CPU.asarray([1.0 + 1e-6]))


def test_without_values_the_rest_is_compared():
    pytest.importorskip("torch")
    meta = select("meta", "torch")
    x = meta.xp.ones(3, device="meta")
    assert_close(x, meta.xp.zeros(3, device="meta"))
    with pytest.raises(AssertionError, match=r"shape must be \(2,\); got \(3,\)"):
        assert_close(x, meta.xp.zeros(2, device="meta"))


def test_the_arguments_of_array_api_extra():
    x, y = CPU.asarray([1.0, np.nan]), CPU.asarray([2.0, np.nan])
    assert_close(x, x, xp=CPU.xp)
    with pytest.raises(AssertionError, match="must be an array of numpy; got one of array-api-str"):
        assert_close(x, x, xp=np)
    with pytest.raises(AssertionError, match="1 of 2 values differ; the worst .* must be nan"):
        assert_close(x, x, equal_nan=False)
    with pytest.raises(
        AssertionError, match="must be 2; got 1\nactual: .+1. nan.\ndesired: .+2. nan"
    ):
        assert_close(x, y)
    with pytest.raises(AssertionError, match="must be 2; got 1$"):
        assert_close(x, y, verbose=False)


def test_shapes_that_do_not_broadcast():
    with pytest.raises(AssertionError, match=r"shapes must broadcast; got \(3,\) and \(2,\)"):
        assert_close(CPU.xp.ones(3), CPU.xp.ones(2), check_shape=False)


@pytest.mark.parametrize("name", ["torch", "jax"])
def test_bfloat16(name):
    xp = select("cpu", pytest.importorskip(name).__name__).xp
    x = xp.asarray([1.0, 2.0], dtype=xp.bfloat16)
    assert_close(x, x)
    assert_close(x * 1.01, x)
    assert_close(x * 1.01, [1.0, 2.0], check_namespace=False)
    with pytest.raises(AssertionError, match="values differ"):
        assert_close(x * 1.1, x)
    with pytest.raises(AssertionError, match="values differ"):
        assert_close(x * 1.01, x, rtol={"bfloat16": 1e-3})

    def half(x):
        other = namespace(x)
        return x if isinstance(x, np.ndarray) else other.astype(x, xp.bfloat16)

    said = capabilities(dtype="any")
    assert equivalence(half, np.array([0.1, 0.7]), backends=name, capabilities=said).ok


def test_large_integers_are_shown_to_the_last_digit():
    with pytest.raises(AssertionError, match=f"must be {2**60}; got {2**60 + 1}"):
        assert_close(np.array([2**60 + 1]), np.array([2**60]))


@pytest.mark.parametrize(
    ("got", "wanted"),
    [
        (complex(np.nan, 1), complex(5, np.nan)),
        (complex(np.nan, 1), complex(np.nan, 2)),
        (complex(np.nan, 1), complex(np.nan, np.nan)),
    ],
)
def test_complex_values_that_are_nan_elsewhere(got, wanted):
    for value in (got, wanted):
        assert_close(np.array([value, 1.0]), np.array([value, 1.0]))
    with pytest.raises(AssertionError, match="1 of 2 values differ"):
        assert_close(np.array([got, 1.0]), np.array([wanted, 1.0]))
    with pytest.raises(AssertionError, match="1 of 1 values differ"):
        assert_close(np.array([got]), np.array([got]), equal_nan=False)


def test_the_worst_is_the_one_that_is_farthest_off():
    with pytest.raises(
        AssertionError, match=r"2 of 3 values differ; the worst at \(1,\) must be -1"
    ):
        assert_close(np.array([10.0, 1.0, 3.0]), np.array([10.5, -1.0, 3.0]))
