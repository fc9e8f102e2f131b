import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backprop import Flatten, Pooling, gradcheck
from tests.backprop.layers.pictures import pooling
from tests.support import Case

WINDOWS = [(2, 2, 2, 0), (3, 2, 1, 1), (2, 3, 3, 1), (5, 6, 1, 0), (1, 1, 2, 0)]
modes = pytest.mark.parametrize("mode", ["max", "average"])


def values(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


@modes
@pytest.mark.traced
@pytest.mark.parametrize("window", WINDOWS, ids=str)
@pytest.mark.parametrize("ties", [False, True])
def test_value_and_gradient(case: Case, window, mode, ties):
    x = np.round(values(2, 3, 5, 6)) if ties else values(2, 3, 5, 6)
    y, _ = pooling(x, np.zeros((2, 3, 9, 9)), *window, mode)
    dout = values(*y.shape, seed=1)
    _, dx = pooling(x, dout, *window, mode)
    arrays = case.array(x), case.array(dout)

    def step(x, dout):
        layer = Pooling(*window, mode)
        return layer.forward(x), layer.backward(dout)

    found, back = case.run(step, *arrays)
    case.check(found, y)
    case.check(back, dx)
    case.unchanged(arrays[0], x)
    case.unchanged(arrays[1], dout)


@modes
@pytest.mark.parametrize("window", WINDOWS, ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.skip_backend("strict:[cs]*", reason="checked on strict:device1: a check is long")
@pytest.mark.skip_backend("strict:no_x64", reason="checked on strict:no_float64")
@pytest.mark.needs_values
def test_gradcheck(case: Case, window, mode, dtype):
    if not (case.backend.has_float64 or dtype == "float32"):
        pytest.skip("no float64 there")
    x = np.random.default_rng(0).permutation(2 * 5 * 6).reshape(1, 2, 5, 6) / 30.0
    report = gradcheck(Pooling(*window, mode), case.array(x, dtype))
    assert report.ok, report


@modes
@settings(max_examples=25)
@given(
    st.tuples(*(st.integers(1, n) for n in (3, 3, 6, 6))),
    st.tuples(st.integers(1, 4), st.integers(1, 4)),
    st.integers(1, 3),
    st.integers(0, 2),
)
def test_any_shape(mode, pictures, size, stride, pad):
    size = tuple(min(k, n) for k, n in zip(size, pictures[2:], strict=True))
    pad = min(pad, min(size) - 1)
    x = np.round(2 * values(*pictures))  # with ties
    layer = Pooling(*size, stride, pad, mode)
    y, _ = pooling(x, np.zeros((3, 3, 9, 9)), *size, stride, pad, mode)
    np.testing.assert_allclose(layer.forward(x), y, atol=1e-12)
    dout = values(*y.shape, seed=1)
    np.testing.assert_allclose(
        layer.backward(dout), pooling(x, dout, *size, stride, pad, mode)[1], atol=1e-12
    )


@modes
def test_dtypes_and_views(mode):
    for dtype, out in (("float16", "float16"), ("float32", "float32"), ("int64", "float64")):
        layer, x = Pooling(2, 2, 2, 1, mode), np.ones((1, 1, 4, 4), dtype)
        y = layer.forward(x)
        assert y.dtype == layer.backward(y).dtype == out
    x = np.ones((1, 1, 2, 2))
    for layer in (Pooling(1, 1, 1, 0, mode), Flatten()):
        layer.forward(x)[...] = 5.0
        assert x.max() == 1.0


def test_settings_are_json():
    layer = Pooling(2, 3, stride=2, pad=1, mode="average")
    assert layer.config() == {"pool_h": 2, "pool_w": 3, "stride": 2, "pad": 1, "mode": "average"}
    assert Pooling(2, 3).config() == {
        **{"pool_h": 2, "pool_w": 3, "stride": 1, "pad": 0, "mode": "max"}
    }


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: Pooling(2, 2, pad=2), "`pad` must be less than the window, 2 x 2; got 2"),
        (lambda: Pooling(2, 0), "`width` must be 1 or more; got 0"),
        (lambda: Pooling(2, 2, mode="mean"), "`mode` must be 'max' or 'average'; got 'mean'"),
        (lambda: Pooling(2, 2).forward(np.ones((3, 4))), r"must have shape \(N, C, H, W\); got"),
        (lambda: Pooling(4, 4).forward(np.ones((1, 1, 3, 3))), "must fit into the picture; got 4"),
        (lambda: Flatten().forward(np.ones(3)), r"`x` must have shape \(N, ...\); got \(3,\)"),
    ],
)
def test_errors(call, match):
    with pytest.raises(ValueError, match=match):
        call()


@pytest.mark.traced
def test_flatten(case: Case):
    x, dout = values(2, 3, 2, 2), values(2, 12, seed=1)

    def step(x, dout):
        layer = Flatten()
        return layer.forward(x), layer.backward(dout)

    y, dx = case.run(step, case.array(x), case.array(dout))
    case.check(y, x.reshape(2, 12))
    case.check(dx, dout.reshape(2, 3, 2, 2))
