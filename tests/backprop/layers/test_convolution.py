import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backprop import Convolution, gradcheck
from backprop.layers import convolution as module
from tests.backprop.layers.pictures import convolution, convolution_back
from tests.support import Case

SHAPES = [  # pictures, filters, stride, padding
    ((2, 3, 5, 4), (4, 3, 3, 2), 1, 0),
    ((3, 1, 6, 5), (2, 1, 3, 3), 2, 1),
    ((1, 2, 4, 3), (1, 2, 4, 3), 1, 0),  # as large as the picture
    ((2, 2, 3, 3), (3, 2, 1, 1), 1, 2),
    ((0, 2, 4, 4), (3, 2, 2, 2), 2, 0),
]


def values(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


@pytest.mark.traced
@pytest.mark.parametrize(("pictures", "filters", "stride", "pad"), SHAPES, ids=str)
def test_value_and_gradients(case: Case, pictures, filters, stride, pad):
    x, W, b = values(*pictures), values(*filters, seed=1), values(filters[0], seed=2)
    y = convolution(x, W, b, stride, pad)
    dout = values(*y.shape, seed=3)
    dx, dW, db = convolution_back(dout, x, W, stride, pad)
    arrays = [case.array(v) for v in (W, b, x, dout)]

    def step(W, b, x, dout):
        layer = Convolution(W, b, stride, pad)
        y, dx = layer.forward(x), layer.backward(dout)
        assert list(layer.params) == list(layer.grads) == ["W", "b"]
        return y, dx, layer.dW, layer.db

    for found, expected in zip(case.run(step, *arrays), (y, dx, dW, db), strict=True):
        case.check(found, expected)
    for array, before in zip(arrays, (W, b, x, dout), strict=True):
        case.unchanged(array, before)


@pytest.mark.parametrize("memory", [1, 2000, 1 << 40])
def test_in_however_many_parts(case: Case, monkeypatch, memory):
    monkeypatch.setattr(module, "_HOST_MEMORY", memory)
    monkeypatch.setattr(module, "_DEVICE_MEMORY", memory)
    x, W, b = values(5, 2, 6, 6), values(3, 2, 3, 3, seed=1), values(3, seed=2)
    layer = Convolution(case.array(W), case.array(b), 1, 1)
    case.check(layer.forward(case.array(x)), convolution(x, W, b, 1, 1))
    dout = values(5, 3, 6, 6, seed=3)
    dx, dW, db = convolution_back(dout, x, W, 1, 1)
    case.check(layer.backward(case.array(dout)), dx)
    case.check(layer.dW, dW)
    case.check(layer.db, db)


def test_columns_stay_within_their_memory(monkeypatch):
    monkeypatch.setattr(module, "_HOST_MEMORY", 100_000)
    x, layer = values(64, 1, 20, 20), Convolution(values(1, 1, 5, 5), values(1))
    dout = layer.forward(x)
    columns = 64 * 5 * 5 * 16 * 16 * 8
    tracemalloc.start()
    try:
        layer.forward(x)
        forward = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        layer.backward(dout)
        backward = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert max(forward, backward) < columns / 3


@settings(max_examples=25)
@given(
    st.tuples(*(st.integers(1, n) for n in (3, 3, 6, 6))),
    st.integers(1, 3),
    st.tuples(st.integers(1, 4), st.integers(1, 4)),
    st.integers(1, 3),
    st.integers(0, 2),
    st.sampled_from(["float32", "float64"]),
)
def test_any_shape(pictures, filters, size, stride, pad, dtype):
    size = tuple(min(k, n + 2 * pad) for k, n in zip(size, pictures[2:], strict=True))
    x, W = values(*pictures), values(filters, pictures[1], *size, seed=1)
    b = values(filters, seed=2)
    layer = Convolution(W.astype(dtype), b.astype(dtype), stride, pad)
    y = convolution(x, W, b, stride, pad)
    tolerance = 1e-10 if dtype == "float64" else 1e-4
    np.testing.assert_allclose(layer.forward(x.astype(dtype)), y, tolerance, tolerance)
    dout = values(*y.shape, seed=3)
    dx, dW, db = convolution_back(dout, x, W, stride, pad)
    np.testing.assert_allclose(layer.backward(dout.astype(dtype)), dx, tolerance, tolerance)
    np.testing.assert_allclose(layer.dW, dW, tolerance, tolerance)
    np.testing.assert_allclose(layer.db, db, tolerance, tolerance)


@pytest.mark.parametrize(("pictures", "filters", "stride", "pad"), SHAPES[:4], ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.skip_backend("strict:[cs]*", reason="checked on strict:device1: a check is long")
@pytest.mark.skip_backend("strict:no_x64", reason="checked on strict:no_float64")
@pytest.mark.needs_values
def test_gradcheck(case: Case, pictures, filters, stride, pad, dtype):
    if not (case.backend.has_float64 or dtype == "float32"):
        pytest.skip("no float64 there")
    W, b = case.array(values(*filters), dtype), case.array(values(filters[0]), dtype)
    report = gradcheck(Convolution(W, b, stride, pad), case.array(values(*pictures), dtype))
    assert report.ok, report
    assert {e.name for e in report.entries} == {"x", "W", "b"}


def test_params_only(case: Case):
    layer = Convolution(case.array(np.ones((2, 1, 2, 2))), case.array(np.zeros(2)))
    layer.forward(case.array(np.ones((3, 1, 3, 3))))
    assert layer.backward_params(2) is None
    case.check(layer.dW, np.full((2, 1, 2, 2), 24.0))
    case.check(layer.db, [24.0, 24.0])

    class Own(Convolution):
        def backward(self, dout=1):
            self.seen = dout
            return super().backward(dout)

    own = Own(layer.W, layer.b)
    own.forward(case.array(np.ones((3, 1, 3, 3))))
    own.backward_params(2)
    assert own.seen == 2


def test_book_names_and_dtypes():
    W, b = values(2, 1, 2, 2).astype(np.float32), np.zeros(2, np.float32)
    layer = Convolution(W, b, stride=2, pad=1)
    assert layer.W is W
    assert layer.b is b
    assert (layer.stride, layer.pad, layer.dW, layer.db) == (2, 1, None, None)
    assert layer.config() == {"stride": 2, "pad": 1}
    for dtype, out in (("float32", "float32"), ("float64", "float64"), ("uint8", "float32")):
        x = np.ones((1, 1, 4, 4), dtype)
        y = layer.forward(x)
        assert y.dtype == out
        assert layer.backward(y).dtype == out
        assert layer.dW.dtype == layer.db.dtype == np.float32
    layer.W, layer.b = 2 * W, b + 1
    assert layer.params["W"][0, 0, 0, 0] == 2 * W[0, 0, 0, 0]
    assert layer.params["b"].tolist() == [1, 1]


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (
            lambda: Convolution(np.ones((2, 3)), np.ones(2)),
            ValueError,
            r"`W` must have shape \(F, C, FH, FW\); got \(2, 3\)",
        ),
        (
            lambda: Convolution(np.ones((2, 3, 1, 1)), np.ones(3)),
            ValueError,
            r"`b` must have shape \(2,\), as W is \(2, 3, 1, 1\); got \(3,\)",
        ),
        (
            lambda: Convolution(np.ones((2, 3, 1, 1)), np.ones(2, np.float32)),
            TypeError,
            "`b` must have dtype float64; got float32",
        ),
        (
            lambda: Convolution(np.ones((2, 3, 1, 1)), np.ones(2), stride=0),
            ValueError,
            "`stride` must be 1 or more; got 0",
        ),
        (
            lambda: Convolution(np.ones((2, 3, 1, 1)), np.ones(2)).forward(np.ones((4, 3))),
            ValueError,
            r"`x` must have shape \(N, C, H, W\); got \(4, 3\)",
        ),
        (
            lambda: Convolution(np.ones((2, 3, 1, 1)), np.ones(2)).forward(np.ones((1, 2, 4, 4))),
            ValueError,
            r"`x` must have 3 channels, \(N, C, H, W\); got \(1, 2, 4, 4\)",
        ),
        (
            lambda: Convolution(np.ones((2, 3, 5, 5)), np.ones(2)).forward(np.ones((1, 3, 4, 4))),
            ValueError,
            "must fit into the picture; got 5 pixels in 4",
        ),
        (
            lambda: Convolution(np.ones((2, 3, 1, 1)), np.ones(2)).backward(),
            RuntimeError,
            "Convolution.backward needs a forward pass first",
        ),
        (
            lambda: Convolution([[[[1.0]]]], np.ones(1)),
            TypeError,
            "`W` must be an array of .*; got list",
        ),
    ],
)
def test_errors(call, error, match):
    with pytest.raises(error, match=match):
        call()
