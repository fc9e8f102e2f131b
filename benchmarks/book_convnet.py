"""The book's `SimpleConvNet` (chapter 7) on its own layers, as a program typed from it computes.

After `common/util.py`, `common/layers.py` and `ch07/simple_convnet.py` of
oreilly-japan/deep-learning-from-scratch (MIT, Copyright (c) 2016 Koki Saitoh): columns of all
windows in a row each, made in float64 whatever comes in, and kept until the gradient is taken.
"""

from typing import Any

import numpy as np

LEARNING_RATE = 0.1


def parameters(seed: int = 0) -> dict[str, Any]:
    """Return W1, b1, ... of 30 filters of 5x5, 100 hidden units and 10 classes, in float64."""
    rng = np.random.default_rng(seed)
    shapes = {"1": (30, 1, 5, 5), "2": (4320, 100), "3": (100, 10)}
    params = {}
    for k, shape in shapes.items():
        params[f"W{k}"] = 0.01 * rng.standard_normal(shape)
        params[f"b{k}"] = np.zeros(shape[0] if k == "1" else shape[1])
    return params


def im2col(x: Any, height: int, width: int, stride: int = 1) -> Any:
    """Return what windows see, a row each."""
    n, c, h, w = x.shape
    oh, ow = (h - height) // stride + 1, (w - width) // stride + 1
    img = np.pad(x, [(0, 0), (0, 0), (0, 0), (0, 0)], "constant")
    col = np.zeros((n, c, height, width, oh, ow))
    for i in range(height):
        for j in range(width):
            rows, columns = i + stride * oh, j + stride * ow
            col[:, :, i, j, :, :] = img[:, :, i:rows:stride, j:columns:stride]
    return col.transpose(0, 4, 5, 1, 2, 3).reshape(n * oh * ow, -1)


def col2im(col: Any, shape: Any, height: int, width: int, stride: int = 1) -> Any:
    """Return the sums over the windows that see each pixel."""
    n, c, h, w = shape
    oh, ow = (h - height) // stride + 1, (w - width) // stride + 1
    col = col.reshape(n, oh, ow, c, height, width).transpose(0, 3, 4, 5, 1, 2)
    img = np.zeros((n, c, h + stride - 1, w + stride - 1))
    for i in range(height):
        for j in range(width):
            rows, columns = i + stride * oh, j + stride * ow
            img[:, :, i:rows:stride, j:columns:stride] += col[:, :, i, j, :, :]
    return img[:, :, :h, :w]


class Convolution:
    """The book's."""

    def __init__(self, W: Any, b: Any) -> None:
        self.W, self.b = W, b

    def forward(self, x: Any) -> Any:
        """Return the product of the windows with the filters."""
        fn, _, fh, fw = self.W.shape
        n, _, h, w = x.shape
        self.x, self.col = x, im2col(x, fh, fw)
        self.col_W = self.W.reshape(fn, -1).T
        out = np.dot(self.col, self.col_W) + self.b
        return out.reshape(n, h - fh + 1, w - fw + 1, -1).transpose(0, 3, 1, 2)

    def backward(self, dout: Any) -> Any:
        """Return dx; keep dW and db."""
        fn, c, fh, fw = self.W.shape
        dout = dout.transpose(0, 2, 3, 1).reshape(-1, fn)
        self.db = np.sum(dout, axis=0)
        dW = np.dot(self.col.T, dout)
        self.dW = dW.transpose(1, 0).reshape(fn, c, fh, fw)
        return col2im(np.dot(dout, self.col_W.T), self.x.shape, fh, fw)


class Pooling:
    """The book's, of 2x2."""

    def forward(self, x: Any) -> Any:
        """Return the largest number of each window."""
        n, c, h, w = x.shape
        col = im2col(x, 2, 2, 2).reshape(-1, 4)
        self.x, self.arg_max = x, np.argmax(col, axis=1)
        return np.max(col, axis=1).reshape(n, h // 2, w // 2, c).transpose(0, 3, 1, 2)

    def backward(self, dout: Any) -> Any:
        """Return dx."""
        dout = dout.transpose(0, 2, 3, 1)
        dmax = np.zeros((dout.size, 4))
        dmax[np.arange(self.arg_max.size), self.arg_max.flatten()] = dout.flatten()
        dmax = dmax.reshape((*dout.shape, 4))
        dcol = dmax.reshape(dmax.shape[0] * dmax.shape[1] * dmax.shape[2], -1)
        return col2im(dcol, self.x.shape, 2, 2, 2)


class Affine:
    """The book's."""

    def __init__(self, W: Any, b: Any) -> None:
        self.W, self.b = W, b

    def forward(self, x: Any) -> Any:
        """Return x W + b."""
        self.shape, self.x = x.shape, x.reshape(x.shape[0], -1)
        return np.dot(self.x, self.W) + self.b

    def backward(self, dout: Any) -> Any:
        """Return dx; keep dW and db."""
        self.dW, self.db = np.dot(self.x.T, dout), np.sum(dout, axis=0)
        return np.dot(dout, self.W.T).reshape(self.shape)


class Relu:
    """The book's."""

    def forward(self, x: Any) -> Any:
        """Return max(x, 0)."""
        self.mask = x <= 0
        out = x.copy()
        out[self.mask] = 0
        return out

    def backward(self, dout: Any) -> Any:
        """Return dx, in place."""
        dout[self.mask] = 0
        return dout


class BookConvNet:
    """Conv, Relu, Pool, Affine, Relu, Affine, softmax with loss; a step of gradient descent."""

    def __init__(self, params: dict[str, Any]) -> None:
        p = {name: v.copy() for name, v in params.items()}
        self.learnt = [
            Convolution(p["W1"], p["b1"]),
            Affine(p["W2"], p["b2"]),
            Affine(p["W3"], p["b3"]),
        ]
        conv, hidden, last = self.learnt
        self.layers: list[Any] = [conv, Relu(), Pooling(), hidden, Relu(), last]

    def step(self, x: Any, t: Any) -> Any:
        """Take one step and return the loss."""
        for layer in self.layers:
            x = layer.forward(x)
        y = x - np.max(x, axis=-1, keepdims=True)
        y = np.exp(y) / np.sum(np.exp(y), axis=-1, keepdims=True)
        loss = -np.sum(np.log(y[np.arange(len(t)), t] + 1e-7)) / len(t)
        dout = y.copy()
        dout[np.arange(len(t)), t] -= 1
        dout = dout / len(t)
        for layer in reversed(self.layers):
            dout = layer.backward(dout)
        for layer in self.learnt:
            layer.W -= LEARNING_RATE * layer.dW
            layer.b -= LEARNING_RATE * layer.db
        return loss
