"""Seventeen faults of code that is meant for every library: what the kit finds, and what it can't."""

import numpy as np
import pytest

from backends import device, namespace
from backends.testing import equivalence, opened

V = np.array([0.1, -0.7, 2.3])  # not the same in float32
ROWS = ("numpy*", "strict", "torch*", "jax*")


def no_device(x):
    return x * namespace(x).arange(3.0, dtype=x.dtype)


def result_elsewhere(x):
    return namespace(x).ones(3, dtype=x.dtype)


def no_dtype(x):
    return x * namespace(x).linspace(0, 1, 3, device=device(x))


def float64_always(x):
    xp = namespace(x)
    return x * xp.asarray([1.0, 2.0, 3.0], dtype=xp.float64, device=device(x))


def number_read(x):
    return x / float(namespace(x).max(x))


def branch_on_a_value(x):
    return -x if namespace(x).any(x < 0) else x


def bound_of_a_slice(x):
    xp = namespace(x)
    return x[: xp.sum(xp.astype(x > 0, xp.int32))]


def by_way_of_numpy(x):
    return namespace(x).asarray(np.sin(np.asarray(x)), dtype=x.dtype, device=device(x))


def moved_to_the_host(x):
    xp = namespace(x)
    host = device(xp.asarray(1.0))
    return xp.asarray(xp.asarray(x, device=host), device=device(x))


def input_changed(x):
    x *= 2.0
    return x / 2.0 + 1.0


def mask_assigned(x):
    y = namespace(x).asarray(x, copy=True)
    y[y < 0] = 0.0
    return y


def mask_indexed(x):
    return namespace(x).sum(x[x > 0])


def method_of_numpy(x):
    return x - x.mean()


def mixed_index(x):
    xp = namespace(x)
    square = xp.stack([x, x, x])
    return square[xp.asarray([0, 1], device=device(x)), :]


def constant_in_float32(x):
    xp = namespace(x)
    return x * xp.astype(xp.asarray(1 / 3, dtype=xp.float32, device=device(x)), x.dtype)


def detour_by_float32(x):
    xp = namespace(x)
    return xp.astype(xp.astype(x / 3, xp.float32), x.dtype)


def detour_on_one_library(x):
    xp = namespace(x)
    return x if isinstance(x, np.ndarray) else xp.astype(xp.astype(x, xp.float32), x.dtype)


FOUND = {
    detour_on_one_library: "strict:cpu",
    no_device: "strict:device1",
    result_elsewhere: "strict:device1",
    no_dtype: "numpy:float32",
    float64_always: "numpy:float32",
    number_read: "strict:device1",
    branch_on_a_value: "strict:device1",
    bound_of_a_slice: "strict:device1",
    by_way_of_numpy: "strict:cpu",
    moved_to_the_host: "strict:device1",
    input_changed: "numpy",
    mask_assigned: "jax",
    mask_indexed: "strict:strictest",
    method_of_numpy: "strict:cpu",
    mixed_index: "strict:cpu",
}


@pytest.mark.parametrize("fault", FOUND, ids=lambda f: f.__name__)
def test_what_an_outsider_can_see_is_found(fault):
    if FOUND[fault] == "jax":
        pytest.importorskip("jax")
    report = equivalence(fault, V, backends=ROWS)
    assert not report.ok
    assert FOUND[fault] in report.failed, str(report)


def test_inputs_that_float32_holds_hide_a_detour():
    assert equivalence(detour_on_one_library, np.array([0.5, -1.0, 2.0]), backends=ROWS).ok


@pytest.mark.parametrize("fault", [constant_in_float32, detour_by_float32])
def test_what_numpy_does_too_is_the_limit(fault):
    """The documentation names it: the reference is the function itself. Known values do find it."""
    assert equivalence(fault, V, backends=ROWS).ok
    with opened("strict:cpu") as case, pytest.raises(AssertionError, match="values differ"):
        case.check(case.run(fault, case.array(V)), V / 3)
