"""What holds of the layers of chapters 6 to 8, whatever shapes, strides and padding."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backprop.functions import col2im, conv_output_size, im2col
from backprop.layers import (
    BatchNormalization,
    Convolution,
    Dropout,
    Flatten,
    LayerNormalization,
    Pooling,
)

few = settings(max_examples=25, deadline=None, derandomize=True)


@dataclass(frozen=True)
class Shape:
    """Pictures, a window that fits, and a seed for the numbers."""

    n: int
    c: int
    h: int
    w: int
    fh: int
    fw: int
    stride: int
    pad: int
    seed: int

    @property
    def rng(self):
        return np.random.default_rng(self.seed)

    def pictures(self):
        return self.rng.standard_normal((self.n, self.c, self.h, self.w))

    def places(self):
        return tuple(
            conv_output_size(size, f, self.stride, self.pad)
            for size, f in ((self.h, self.fh), (self.w, self.fw))
        )


@st.composite
def shapes(draw):
    """Batches of 1 on, one channel on, not square, a window as large as the padded picture."""
    n, c = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    h, w, pad = draw(st.integers(1, 6)), draw(st.integers(1, 6)), draw(st.integers(0, 2))
    fh, fw = (draw(st.integers(1, size + 2 * pad) | st.just(size)) for size in (h, w))
    return Shape(n, c, h, w, fh, fw, draw(st.integers(1, 4)), pad, draw(st.integers(0, 99)))


def convolution(s):
    rng = np.random.default_rng(s.seed + 1)
    W, b = rng.standard_normal((2, s.c, s.fh, s.fw)), rng.standard_normal(2)
    return Convolution(W, b, s.stride, s.pad)


def pooling(mode):
    def make(s):
        pad = min(s.pad, s.fh - 1, s.fw - 1)  # a window of padding alone has no value
        size = min(s.fh, s.h + 2 * pad), min(s.fw, s.w + 2 * pad)
        return Pooling(*size, s.stride, pad, mode)

    return make


def normalization(s):
    rng = np.random.default_rng(s.seed + 1)
    layer = BatchNormalization(*rng.standard_normal((2, s.c)))
    layer.state["running_mean"], layer.state["running_var"] = rng.random((2, s.c)) + 0.5
    return layer


def layer_normalization(s):
    return LayerNormalization(*np.random.default_rng(s.seed + 1).standard_normal((2, s.w)))


MAKE = {
    "Convolution": convolution,
    "Pooling": pooling("max"),
    "average": pooling("average"),
    "BatchNormalization": normalization,
    "LayerNormalization": layer_normalization,
    "Dropout": lambda s: Dropout(0.3, s.seed),
    "Flatten": lambda s: Flatten(),
}
IN_TRAINING = {"BatchNormalization": {"training": True}, "Dropout": {"training": True}}


def close(a, b):
    np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("name", MAKE)
@few
@given(s=shapes())
def test_backward_is_linear_in_dout(name, training, s):
    layer, mode = MAKE[name](s), IN_TRAINING.get(name, {}) if training else {}
    rng, y = s.rng, layer.forward(s.pictures(), **mode)
    a, b = rng.standard_normal((2, *y.shape))
    found = [(layer.backward(dout), dict(layer.grads)) for dout in (a, b, 2 * a - 3 * b)]
    assert found[0][0].shape == (s.n, s.c, s.h, s.w)
    close(found[2][0], 2 * found[0][0] - 3 * found[1][0])
    assert set(found[0][1]) == set(layer.params)
    for key in layer.params:
        close(found[2][1][key], 2 * found[0][1][key] - 3 * found[1][1][key])


@pytest.mark.parametrize("name", [name for name in MAKE if name != "Dropout"])
@few
@given(s=shapes())
def test_the_order_of_a_batch_changes_only_the_order(name, s):
    layer, mode = MAKE[name](s), IN_TRAINING.get(name, {})
    x, order = s.pictures(), s.rng.permutation(s.n)
    y = layer.forward(x, **mode)
    dout = s.rng.standard_normal(y.shape)
    dx, grads = layer.backward(dout), dict(layer.grads)
    close(layer.forward(x[order], **mode), y[order])
    close(layer.backward(dout[order]), dx[order])
    for key, grad in grads.items():
        close(layer.grads[key], grad)


@pytest.mark.parametrize("name", [name for name in MAKE if name != "Dropout"])
@few
@given(s=shapes())
def test_without_training_a_batch_is_its_samples(name, s):
    layer, x = MAKE[name](s), s.pictures()
    y = layer.forward(x)
    dout = s.rng.standard_normal(y.shape)
    dx, grads = layer.backward(dout), dict(layer.grads)
    sums = dict.fromkeys(grads, 0.0)
    for i in range(s.n):
        close(layer.forward(x[i : i + 1]), y[i : i + 1])
        close(layer.backward(dout[i : i + 1]), dx[i : i + 1])
        sums = {key: total + layer.grads[key] for key, total in sums.items()}
    for key, grad in grads.items():
        close(sums[key], grad)


@few
@given(s=shapes())
def test_a_convolution_is_its_sum_over_windows(s):
    layer, x = convolution(s), s.pictures()
    oh, ow = s.places()
    padded = np.pad(x, ((0, 0), (0, 0), (s.pad, s.pad), (s.pad, s.pad)))
    expected = np.empty((s.n, 2, oh, ow))
    for i in range(oh):
        for j in range(ow):
            top, left = i * s.stride, j * s.stride
            seen = padded[:, :, top : top + s.fh, left : left + s.fw]
            expected[:, :, i, j] = np.einsum("nchw,fchw->nf", seen, layer.W) + layer.b
    y = layer.forward(x)
    close(y, expected)
    dout = s.rng.standard_normal(y.shape)
    dx = layer.backward(dout)
    # linear in x and in W: the product with what came back is that with what went on
    linear = y - layer.b[:, None, None]
    close(np.sum(dx * x), np.sum(dout * linear))
    close(np.sum(layer.dW * layer.W), np.sum(dout * linear))


@few
@given(s=shapes())
def test_col2im_is_the_transpose_of_im2col(s):
    x = s.pictures()
    col = im2col(x, s.fh, s.fw, s.stride, s.pad)
    assert col.shape == (s.n * np.prod(s.places()), s.c * s.fh * s.fw)
    other = s.rng.standard_normal(col.shape)
    back = col2im(other, x.shape, s.fh, s.fw, s.stride, s.pad)
    close(np.sum(col * other), np.sum(x * back))


@pytest.mark.parametrize("mode", ["max", "average"])
@few
@given(s=shapes())
def test_pooling_is_the_largest_or_the_mean_of_what_lies_in_the_picture(mode, s):
    layer, x = pooling(mode)(s), np.round(s.pictures())  # many are equal
    y = layer.forward(x)
    dout = s.rng.standard_normal(y.shape)
    pad, expected, dx = layer.window.pad, np.empty(y.shape), np.zeros_like(x)
    for i in range(y.shape[2]):
        for j in range(y.shape[3]):
            top, left = i * s.stride - pad, j * s.stride - pad
            bottom, right = top + layer.window.height, left + layer.window.width
            part = slice(max(top, 0), bottom), slice(max(left, 0), right)
            seen = x[:, :, part[0], part[1]]
            f = np.max if mode == "max" else np.mean
            expected[:, :, i, j] = f(seen, axis=(2, 3))
            count = np.prod(seen.shape[2:])
            first = np.eye(count)[seen.reshape(s.n, s.c, -1).argmax(axis=2)].reshape(seen.shape)
            share = first if mode == "max" else np.full(seen.shape, 1 / count)
            dx[:, :, part[0], part[1]] += dout[:, :, i : i + 1, j : j + 1] * share
    close(y, expected)
    close(layer.backward(dout), dx)


@few
@given(s=shapes(), ratio=st.floats(0.0, 0.9))
def test_dropout_passes_back_through_its_mask(s, ratio):
    layer, x = Dropout(ratio, s.seed), s.pictures()
    y = layer.forward(x, training=True)
    mask = np.where(y == 0, 0.0, 1.0 / (1.0 - ratio))
    close(y, x * mask)
    dout = s.rng.standard_normal(x.shape)
    close(layer.backward(dout), dout * mask)
    close(layer.forward(x), x)


@few
@given(s=shapes())
def test_a_batch_is_normal_after_normalization(s):
    layer = BatchNormalization(np.ones(s.c), np.zeros(s.c))
    x = s.pictures()
    y = layer.forward(x, training=True)
    axes = (0, 2, 3)
    np.testing.assert_allclose(y.mean(axis=axes), 0.0, atol=1e-9)
    spread = x.var(axis=axes)
    np.testing.assert_allclose(y.var(axis=axes), spread / (spread + 10e-7), atol=1e-9)
    # a shift, and so the mean of dx, changes nothing
    dx = layer.backward(s.rng.standard_normal(y.shape))
    np.testing.assert_allclose(dx.sum(axis=axes), 0.0, atol=1e-6)
