"""Styles: state that passes leave behind: accumulation, running lists, chance, learning."""

from collections import deque

import numpy as np

from backends import namespace
from tests.backprop.gradients.foreign.foreign import Tanh, d_tanh, style, tanh

ALL = "x W b"


class Accumulating(Tanh):
    def start(self, W, b):
        self.W, self.b = W, b
        self.zero_grad()

    def zero_grad(self):
        self.dW, self.db = 0 * self.W, 0 * self.b


@style(ALL, without="none")
def gradients_accumulate(e, a):
    class Layer(Accumulating):
        def write(self, dx, dW, db):
            self.dW, self.db = self.dW + dW, self.db + db
            return dx

    return Layer(e, a), (a.x,)


@style(ALL, on="numpy torch", without="none")
def gradients_accumulate_in_place(e, a):
    class Layer(Accumulating):
        def write(self, dx, dW, db):
            self.dW += dW
            self.db += db
            return dx

    return Layer(e, a), (a.x,)


@style(ALL, without="none")
def gradients_left_from_before(e, a):
    class Layer(Accumulating):
        def start(self, W, b):
            super().start(W, b)
            self.dW, self.db = self.dW + 1, self.db + 2

        def write(self, dx, dW, db):
            self.dW, self.db = dW, db
            return dx

    return Layer(e, a), (a.x,)


@style(ALL, without="stale")
def a_running_list_of_inputs(e, a):
    class Layer(Tanh):
        def start(self, W, b):
            self.parameters, self.gradients = {"W": W, "b": b}, {"W": 0 * W, "b": 0 * b}
            self.X = []

        def read(self):
            return self.parameters["W"], self.parameters["b"]

        def forward(self, X):
            self.X.append(X)
            return tanh(X, *self.read())

        def backward(self, dLdy):
            dX = 0
            for X in self.X:
                dX, dW, db = d_tanh(e, dLdy, X, tanh(X, *self.read()), self.read()[0])
                for key, g in (("W", dW), ("b", db)):
                    self.gradients[key] = None if g is None else self.gradients[key] + g
            return dX

    return Layer(e, a), (a.x,)


@style(ALL, without="stale")
def a_stack_of_caches(e, a):
    class Layer(Tanh):
        def start(self, W, b):
            self.W, self.b, self.caches = W, b, deque(maxlen=8)

        def forward(self, x):
            y = tanh(x, self.W, self.b)
            self.caches.append((x, y))
            return y

        def backward(self, d):
            return self.write(*d_tanh(e, d, *self.caches.pop(), self.W))

    return Layer(e, a), (a.x,)


@style("x gamma beta", without="stale")
def running_statistics(e, a):
    class BatchNorm:
        def __init__(self):
            self.gamma, self.beta = a.normal(3), a.normal(3)
            self.running_mean, self.running_var, self.steps = a.normal(3) * 0, None, 0

        def forward(self, x, train=True):
            xp = namespace(x)
            mean, var = xp.mean(x, axis=0), xp.mean((x - xp.mean(x, axis=0)) ** 2, axis=0)
            self.running_mean = 0.9 * self.running_mean + 0.1 * mean
            self.running_var = var if self.running_var is None else 0.9 * self.running_var + var
            self.steps += 1
            self.std = xp.sqrt(var + 1e-5)
            self.hat = (x - mean) / self.std
            return self.gamma * self.hat + self.beta

        def backward(self, d):
            xp = namespace(d)
            self.dbeta = e("beta", xp.sum(d, axis=0), lambda: d[0] * 1)
            self.dgamma = e("gamma", xp.sum(d * self.hat, axis=0), lambda: d[0] * self.hat[0])
            d = d * self.gamma
            mean, along = xp.mean(d, axis=0), xp.mean(d * self.hat, axis=0)
            dx = (d - mean - self.hat * along) / self.std
            return e("x", dx, lambda: (d - mean) / self.std)

    return BatchNorm(), (a.x,)


@style("x W", without="stale")
def a_stateful_recurrent_layer(e, a):
    class Recurrent:
        def __init__(self):
            self.W, self.h = a.normal(3, 3), a.normal(4, 3)
            self.grads = [None]

        def forward(self, x):
            self.before = self.h
            self.h = namespace(x).tanh(x + self.before @ self.W)
            return self.h

        def backward(self, d):
            d, before = d * (1 - self.h**2), self.before
            self.dW = e("W", before.T @ d, lambda: before[:1].T @ d[:1])
            return e("x", d)

    return Recurrent(), (a.x,), {"constants": ["h"]}


@style(ALL, without="stale")
def an_output_that_counts_calls(e, a):
    class Layer(Tanh):
        calls = 0

        def forward(self, x):
            self.calls += 1
            return super().forward(x) * (1 + 1 / self.calls)

        def backward(self, d):
            return super().backward(d * (1 + 1 / self.calls))

    return Layer(e, a), (a.x,)


@style(ALL, without="none stale")
def backward_that_learns(e, a):
    class Layer(Tanh):
        def write(self, dx, dW, db):
            self.W, self.b = self.W - dW, self.b - db
            return dx

    return Layer(e, a), (a.x,)


@style(ALL, without="none stale")
def backward_that_learns_at_a_rate(e, a):
    class Layer(Tanh):
        def backward(self, d, learning_rate):
            dx, dW, db = d_tanh(e, d, self.x, self.y, self.W)
            self.W, self.b = self.W - learning_rate * dW, self.b - learning_rate * db
            return dx

    return Layer(e, a), (a.x,), {"kwargs": {"learning_rate": 0.125}}


@style(ALL, on="numpy torch", without="none stale")
def backward_that_learns_in_place_with_momentum(e, a):
    class Layer(Tanh):
        def start(self, W, b):
            self.W, self.b, self.v = W, b, 0 * W

        def write(self, dx, dW, db):
            self.dW, self.db = dW, db
            self.v = 0.9 * self.v - 0.1 * dW
            self.W += self.v
            self.b -= 0.1 * db
            return dx

    return Layer(e, a), (a.x,)


@style(ALL, on="numpy torch")
def a_buffer_for_the_output(e, a):
    class Layer(Tanh):
        buffer = None

        def forward(self, x):
            if self.buffer is None:
                self.buffer = 0 * (x @ self.W)
            self.buffer[...] = super().forward(x)
            return self.buffer

    return Layer(e, a), (a.x,)


@style("x", on="numpy", without="stale", factor=1.05)
def a_buffer_of_float32(e, a):
    class Square:
        def forward(self, x):
            self.x, y = x, np.empty(x.shape, "f")
            y[...] = x * x
            return y

        def backward(self, d):
            return e("x", 2 * self.x * d)

    return Square(), (a.x,)


@style(ALL)
def a_cache_by_key(e, a):
    class Layer(Tanh):
        def start(self, W, b):
            self.W, self.b, self.cache = W, b, {}

        def forward(self, x):
            self.cache["x"] = e.keep(x)
            self.cache["y"] = tanh(x, self.W, self.b)
            return self.cache["y"]

        def backward(self, d):
            return self.write(*d_tanh(e, d, self.cache["x"], self.cache.pop("y"), self.W))

    return Layer(e, a), (a.x,)
