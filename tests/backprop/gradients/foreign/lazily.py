"""Styles: parameters made or bound late, tied, beside buffers, or deep inside."""

from backends import namespace
from tests.backprop.gradients.foreign.foreign import Tanh, style

ALL = "x W b"


@style(ALL)
def made_in_the_first_forward(e, a):
    class Layer(Tanh):
        def start(self, W, b):
            self.W = self.b = None

        def read(self):
            if self.W is None:
                self.W, self.b = a.W + 0, a.b + 0
            return self.W, self.b

    return Layer(e, a), (a.x,)


@style(ALL, on="numpy", without="stale")
def drawn_in_the_first_forward(e, a):
    import numpy as np

    class Layer(Tanh):
        is_initialized = False

        def start(self, W, b):
            self.parameters, self.gradients = {"W": None, "b": None}, {"W": None, "b": None}

        def read(self):
            if not self.is_initialized:
                self.parameters["W"] = np.random.randn(3, 2).astype(a.dtype)  # noqa: NPY002
                self.parameters["b"] = np.full(2, 0.5, a.dtype)
                self.is_initialized = True
            return self.parameters["W"], self.parameters["b"]

        def write(self, dx, dW, db):
            self.gradients.update(W=dW, b=db)
            return dx

    return Layer(e, a), (a.x,)


@style(ALL)
def bound_anew_by_forward(e, a):
    class Layer(Tanh):
        def forward(self, x):
            self.W, self.b = self.W + 0, self.b * 1
            return super().forward(x)

    return Layer(e, a), (a.x,)


@style("x W", on="numpy torch")
def tied_by_a_view(e, a):
    class Tied:
        def __init__(self):
            self.W = a.W
            self.decoder = self.W.T

        def forward(self, x):
            self.x = e.keep(x)
            self.h = x @ self.W
            return self.h @ self.decoder

        def backward(self, d):
            dh = d @ self.W
            self.dW = e("W", self.x.T @ dh + d.T @ self.h, lambda: self.x.T @ dh)
            return e("x", dh @ self.W.T)

    return Tied(), (a.x,)


@style("x W")
def tied_by_name(e, a):
    class Tied:
        def __init__(self):
            self.W = self.other = a.array(a.W @ a.W.T)

        def forward(self, x):
            self.x = e.keep(x)
            self.h = x @ self.W
            return self.h @ self.other

        def backward(self, d):
            dh = d @ self.W.T
            self.dW = e("W", self.x.T @ dh + self.h.T @ d, lambda: self.h.T @ d)
            return e("x", dh @ self.W.T)

    return Tied(), (a.x,)


@style("x gamma W")
def parameters_beside_buffers(e, a):
    class Layer:
        def __init__(self):
            self.params = {"gamma": a.b * 2, "W": a.W}
            self.grads, self.state = {}, {"mean": a.normal(2)}

        def forward(self, x):
            self.x = e.keep(x)
            self.h = x @ self.params["W"] - self.state["mean"]
            return self.h * self.params["gamma"]

        def backward(self, d):
            h, x, xp = self.h, self.x, namespace(d)
            self.grads["gamma"] = e("gamma", xp.sum(d * h, axis=0), lambda: d[0] * h[0])
            d = d * self.params["gamma"]
            self.grads["W"] = e("W", x.T @ d, lambda: x[1:].T @ d[1:])
            return e("x", d @ self.params["W"].T)

    return Layer(), (a.x,), {"constants": ["state['mean']"]}


@style(ALL)
def a_deep_path(e, a):
    class Box: ...

    class Layer(Tanh):
        def start(self, W, b):
            self.inner = Box()
            self.inner.blocks = [{"p": Box()}]
            self.p.W, self.p.b = W, b

        p = property(lambda self: self.inner.blocks[0]["p"])

        def read(self):
            return self.p.W, self.p.b

        def write(self, dx, dW, db):
            self.p.dW, self.p.db = dW, db
            return dx

    return Layer(e, a), (a.x,)
