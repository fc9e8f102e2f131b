"""Layers with one planted mistake each: what to check, and words that the report must hold."""

import numpy as np

from backprop import (
    Affine,
    IdentityWithLoss,
    Relu,
    SigmoidWithLoss,
    SoftmaxWithLoss,
    TwoLayerNet,
    functions,
)

RNG = np.random.default_rng(11)
X = RNG.standard_normal((4, 3))
X_KINK = np.array([[0.5, -0.5, 0.0], [1.0, -2.0, 0.0]])
W, B = RNG.standard_normal((3, 5)), RNG.standard_normal(5)
SQUARE = RNG.standard_normal((3, 3))
T = np.array([0, 2, 1, 2])
ONE_HOT = np.eye(3)[T]


class Layer:
    """A layer from two functions; `params` only where there are any."""

    def __init__(self, forward, backward, **params):
        self._forward, self._backward = forward, backward
        self.params, self.grads = params, {}

    def forward(self, x):
        self.x = x
        return self._forward(self, x)

    def backward(self, dout=1):
        return self._backward(self, dout)


class Loss(Layer):
    def forward(self, x, t):
        self.x, self.t = x, t
        return self._forward(self, x, t)


def affine(dx=None, dW=None, db=None, weights=W, biases=B):
    def backward(self, dout):
        p = self.params
        self.grads["W"] = self.x.T @ dout if dW is None else dW(self, dout)
        self.grads["b"] = dout.sum(axis=0) if db is None else db(self, dout)
        return dout @ p["W"].T if dx is None else dx(self, dout)

    return Layer(
        lambda self, x: x @ self.params["W"] + self.params["b"],
        backward,
        W=weights.copy(),
        b=biases.copy(),
    )


def elementwise(forward, backward):
    return Layer(lambda self, x: forward(x), lambda self, dout: backward(self.x, dout))


def loss_layer(forward, backward):
    return Loss(lambda self, x, t: forward(x, t), lambda self, dout: backward(self.x, self.t, dout))


def softmax_loss(x, t):
    return SoftmaxWithLoss().forward(x, t)


def softmax_dx(x, t):
    return (functions.softmax(x) - np.eye(x.shape[1])[t]) / len(x)


sigmoid, relu, tanh, softmax = functions.sigmoid, functions.relu, functions.tanh, functions.softmax


class MutatesInput(Layer):
    def forward(self, x):
        x *= 2
        self.x = x
        return x * 1.0


class MutatesDout(Relu):
    def backward(self, dout=1):
        dout[self.cache[0] == 0] = 0
        return dout


class MutatesParameter(Affine):
    def backward(self, dout=1):
        dx = super().backward(dout)
        self.W[0, 0] += 1e-3
        return dx


class StaleCache(Relu):
    def forward(self, x):
        y = functions.relu(x)
        if self.cache is None:
            self.cache = x > 0, x.dtype
        return y


CHANCE = iter(np.random.default_rng(0).random, None)  # nothing puts it back


class Random(Relu):
    def backward(self, dout=1):
        return super().backward(dout) * (1 + 1e-3 * next(CHANCE))


class Forgets(Affine):
    def backward(self, dout=1):
        dx = super().backward(dout)
        del self.grads["b"]
        return dx


class Invents(Affine):
    def backward(self, dout=1):
        dx = super().backward(dout)
        self.grads["c"] = self.grads["b"]
        return dx


class Book:
    """The book's style: parameters and gradients as attributes."""

    def __init__(self, W, b, factor=1.0):
        self.W, self.b, self.factor = W, b, factor
        self.x = self.dW = self.db = None

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW = self.x.T @ dout * self.factor
        self.db = dout.sum(axis=0)
        return dout @ self.W.T


class BrokenNet(TwoLayerNet):
    def __init__(self, change):
        super().__init__(3, 4, 3, 1.0, backend="cpu", seed=0, dtype="float64")
        self.change = change

    def gradient(self, x, t):
        gradient = super().gradient(x, t)
        self.change(gradient)
        return gradient


def scale(key, factor):
    def change(gradient):
        gradient[key] = gradient[key] * factor

    return change


class TwoInputs:
    """A product of two arrays, broadcast, with a backward pass of one's own."""

    def __init__(self, backward):
        self._backward = backward

    def forward(self, x, y):
        self.x, self.y = x, y
        return x * y

    def backward(self, dout):
        return self._backward(self.x, self.y, dout)


def no_dx(self, dout):
    return dout @ self.params["W"].T


# name: (target, inputs, the entry that must be wrong or None, words of the report)
MISTAKES = {
    "factor two": (affine(dW=lambda s, d: 2 * s.x.T @ d), (X,), "W", "2 times the numerical"),
    "factor small": (affine(dW=lambda s, d: 1.0001 * s.x.T @ d), (X,), "W", "1.0001 times"),
    "dW divided by N": (affine(dW=lambda s, d: s.x.T @ d / 4), (X,), "W", "once too often"),
    "db as a mean": (affine(db=lambda s, d: d.mean(axis=0)), (X,), "b", "once too often"),
    "loss not divided by N": (
        loss_layer(softmax_loss, lambda x, t, d: d * len(x) * softmax_dx(x, t)),
        (X, T),
        "x",
        "it is not divided by the number of samples, 4",
    ),
    "sign of db": (affine(db=lambda s, d: -d.sum(axis=0)), (X,), "b", "the sign is wrong"),
    "sign of dx": (affine(dx=lambda s, d: -no_dx(s, d)), (X,), "x", "the sign is wrong"),
    "sign of t": (
        loss_layer(softmax_loss, lambda x, t, d: d * (softmax(x) + np.eye(3)[t]) / len(x)),
        (X, T),
        "x",
        "wrong at",
    ),
    "transpose of square W": (
        affine(dW=lambda s, d: d.T @ s.x, weights=SQUARE, biases=B[:3]),
        (X,),
        "W",
        "it is the transpose",
    ),
    "transpose with sign": (
        affine(dW=lambda s, d: -(d.T @ s.x), weights=SQUARE, biases=B[:3]),
        (X,),
        "W",
        "transpose of the numerical gradient, with the wrong sign",
    ),
    "transpose of shape": (affine(dW=lambda s, d: d.T @ s.x), (X,), "W", "it is the transpose"),
    "a factor for each row": (
        affine(dW=lambda s, d: np.array([[1.0], [2.0], [3.0]]) * (s.x.T @ d)),
        (X,),
        "W",
        "each row has a factor of its own, from 1 to 3",
    ),
    "a factor for each column": (
        affine(dW=lambda s, d: np.array([1.0, 0.5, 4.0, 1.0, 1.0]) * (s.x.T @ d)),
        (X,),
        "W",
        "each column has a factor of its own, from 0.5 to 4",
    ),
    "W for W.T in dx": (
        affine(dx=lambda s, d: d @ s.params["W"], weights=SQUARE, biases=B[:3]),
        (X,),
        "x",
        "wrong at",
    ),
    "no sum over the batch": (
        affine(db=lambda s, d: d),
        (X,),
        "b",
        "axis 0 (the batch) is missing",
    ),
    "sum over the wrong axis": (
        affine(db=lambda s, d: d.sum(axis=1)),
        (X,),
        "b",
        r"its shape must be (5,); got (4,)",
    ),
    "kept dimension": (
        affine(db=lambda s, d: d.sum(axis=0, keepdims=True)),
        (X,),
        "b",
        "its shape must be (5,); got (1, 5): the values are right",
    ),
    "no broadcast reduction": (
        TwoInputs(lambda x, y, d: (d * y, d * x)),
        (X, X[0].copy()),
        "y",
        "the sum over axis 0 (the batch) is missing",
    ),
    "no reduction of a stretched axis": (
        TwoInputs(lambda x, y, d: (d * y, d * x)),
        (X, X[:, :1].copy()),
        "y",
        "the sum over axis 1 is missing",
    ),
    "swapped gradients": (
        TwoInputs(lambda x, y, d: (d * x, d * y)),
        (X, X[::-1].copy()),
        "x",
        "wrong at",
    ),
    "only one gradient of two": (
        TwoInputs(lambda x, y, d: (d * y,)),
        (X, X[::-1].copy()),
        None,
        "backward must return a gradient for each of the 2 inputs; got 1",
    ),
    "mask inverted": (elementwise(relu, lambda x, d: d * (x < 0)), (X,), "x", "wrong at"),
    "mask forgotten": (
        elementwise(relu, lambda x, d: d * 1.0),
        (X,),
        "x",
        "wrong exactly where the array is negative",
    ),
    "mask of a shifted threshold": (
        elementwise(relu, lambda x, d: d * (x > 0.2)),
        (np.array([0.1, 0.5, -0.1, 0.3]),),
        "x",
        "wrong at 1 of 4",
    ),
    "slope at zero beyond both": (
        elementwise(relu, lambda x, d: d * np.where(x == 0, 2.0, x > 0)),
        (X_KINK,),
        "x",
        "wrong exactly where the array is zero",
    ),
    "slope at zero negative": (
        elementwise(relu, lambda x, d: d * np.where(x == 0, -1.0, x > 0)),
        (X_KINK,),
        "x",
        "wrong exactly where the array is zero",
    ),
    "leak where there is none": (
        elementwise(relu, lambda x, d: d * np.where(x > 0, 1.0, 0.01)),
        (X,),
        "x",
        "wrong exactly where the array is negative",
    ),
    "dout ignored": (
        elementwise(sigmoid, lambda x, d: sigmoid(x) * sigmoid(-x)),
        (X,),
        "x",
        "`dout` is ignored: twice the `dout` gives the same gradient",
    ),
    "dout ignored by a loss": (
        loss_layer(softmax_loss, lambda x, t, d: softmax_dx(x, t)),
        (X, T),
        "x",
        "`dout` is ignored: twice the `dout` gives the same gradient",
    ),
    "dout squared": (
        elementwise(tanh, lambda x, d: d * d * (1 - tanh(x) ** 2)),
        (X,),
        "x",
        "twice the `dout` must give twice the gradient",
    ),
    "dout reduced to its sum": (
        elementwise(tanh, lambda x, d: d.mean() * (1 - tanh(x) ** 2)),
        (X,),
        "x",
        "wrong at",
    ),
    "dout mutated": (MutatesDout(), (X,), None, "dout is changed"),
    "input mutated": (
        MutatesInput(lambda s, x: x, lambda s, d: 2 * d),
        (X.copy(),),
        None,
        "input 0 is changed",
    ),
    "parameter mutated": (MutatesParameter(W.copy(), B.copy()), (X,), None, "W is changed"),
    "stale cache": (StaleCache(), (X,), "x", "a stale cache"),
    "random": (Random(), (X,), None, "two calls on the same inputs give different"),
    "missing key": (Forgets(W, B), (X,), "b", "there is no gradient"),
    "unknown key": (
        Invents(W, B),
        (X,),
        None,
        "there is a gradient for 'c', which is no parameter",
    ),
    "off-by-one label": (
        loss_layer(softmax_loss, lambda x, t, d: d * softmax_dx(x, (t + 1) % 3)),
        (X, T),
        "x",
        "wrong at",
    ),
    "softmax over the wrong axis": (
        loss_layer(
            softmax_loss,
            lambda x, t, d: d * (softmax(x, axis=0) - np.eye(3)[t]) / len(x),
        ),
        (X, T),
        "x",
        "wrong at",
    ),
    "eps inside the logarithm": (
        loss_layer(
            lambda x, t: functions.cross_entropy_error(softmax(x), t, eps=1e-4),
            lambda x, t, d: d * softmax_dx(x, t),
        ),
        (X, T),
        "x",
        "wrong at",
    ),
    "sigmoid instead of its derivative": (
        elementwise(sigmoid, lambda x, d: d * sigmoid(x)),
        (X,),
        "x",
        "wrong at",
    ),
    "derivative of tanh from x": (
        elementwise(tanh, lambda x, d: d * (1 - x**2)),
        (X,),
        "x",
        "wrong at",
    ),
    "dtype drop": (
        elementwise(tanh, lambda x, d: (d * (1 - tanh(x) ** 2)).astype(np.float32)),
        (X,),
        None,
        "x: its gradient must have dtype float64; got float32",
    ),
    "dtype rise": (
        elementwise(tanh, lambda x, d: (d * (1 - tanh(x) ** 2)).astype(np.float64)),
        (X.astype(np.float32),),
        None,
        "x: its gradient must have dtype float32; got float64",
    ),
    "zero": (affine(dW=lambda s, d: 0 * s.params["W"]), (X,), "W", "it is zero everywhere"),
    "not a number": (affine(dW=lambda s, d: s.params["W"] * np.nan), (X,), "W", "it is not finite"),
    "infinite": (affine(dW=lambda s, d: np.inf + s.params["W"]), (X,), "W", "it is not finite"),
    "weight decay added": (
        affine(dW=lambda s, d: s.x.T @ d + 0.1 * s.params["W"]),
        (X,),
        "W",
        "wrong at",
    ),
    "constant added": (affine(dW=lambda s, d: s.x.T @ d + 0.5), (X,), "W", "plus 0.5"),
    "rows reversed": (
        affine(dW=lambda s, d: (s.x.T @ d)[::-1]),
        (X,),
        "W",
        "reversed along axis 0",
    ),
    "first sample only": (affine(dW=lambda s, d: s.x[:1].T @ d[:1]), (X,), "W", "wrong at"),
    "last sample left out": (affine(db=lambda s, d: d[:-1].sum(axis=0)), (X,), "b", "wrong at"),
    "one entry wrong": (
        affine(dW=lambda s, d: s.x.T @ d + 1e-6 * (np.arange(15).reshape(3, 5) == 7)),
        (X,),
        "W",
        "wrong at 1 of 15",
    ),
    "clipped": (affine(dW=lambda s, d: np.clip(s.x.T @ d, -0.5, 0.5)), (X,), "W", "wrong at"),
    "book style": (Book(W.copy(), B.copy(), 2.0), (X,), "W", "2 times the numerical"),
    "network W1": (BrokenNet(scale("W1", 1.001)), (X, T), "W1", "1.001 times"),
    "network b2": (
        BrokenNet(scale("b2", 4)),
        (X, T),
        "b2",
        "not divided by the number of samples, 4",
    ),
    "network key": (BrokenNet(lambda g: g.pop("b1")), (X, T), "b1", "there is no gradient"),
    "sigmoid loss without N": (
        loss_layer(
            lambda x, t: SigmoidWithLoss().forward(x, t), lambda x, t, d: d * (sigmoid(x) - t)
        ),
        (X, ONE_HOT),
        "x",
        "not divided by the number of samples, 4",
    ),
    "squared error twice": (
        loss_layer(
            lambda x, t: IdentityWithLoss().forward(x, t), lambda x, t, d: 2 * d * (x - t) / len(x)
        ),
        (X, ONE_HOT),
        "x",
        "2 times the numerical",
    ),
    "pair": (
        (lambda x: np.sum(x**3), lambda x: 3 * x),
        (X,),
        "x",
        "wrong at",
    ),
}
