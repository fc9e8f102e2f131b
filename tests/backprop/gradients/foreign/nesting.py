"""Styles: slots, properties, and layers in layers."""

from backends import namespace
from tests.backprop.gradients.foreign.foreign import Tanh, d_tanh, style, tanh

ALL = "x W b"


@style(ALL, without="stale")
def slots(e, a):
    class Layer:
        __slots__ = ("W", "b", "dW", "db", "x", "y")

        def __init__(self):
            self.W, self.b = a.W, a.b

        def forward(self, x):
            self.x, self.y = x, tanh(x, self.W, self.b)
            return self.y

        def backward(self, d):
            dx, self.dW, self.db = d_tanh(e, d, self.x, self.y, self.W)
            return dx

    return Layer(), (a.x,)


@style(ALL)
def properties(e, a):
    class Layer(Tanh):
        def start(self, W, b):
            self._store = {"W": W, "b": b, "dW": None, "db": None}

        W = property(lambda self: self._store["W"])
        b = property(lambda self: self._store["b"])
        dW = property(lambda self: self._store["dW"])  # noqa: N815
        db = property(lambda self: self._store["db"])

        def write(self, dx, dW, db):
            self._store["dW"], self._store["db"] = dW, db
            return dx

    return Layer(e, a), (a.x,)


@style(ALL)
def gradient_computed_by_a_property(e, a):
    class Layer(Tanh):
        def write(self, dx, dW, db):
            self._dz = dW, db
            return dx

        dW = property(lambda self: self._dz[0])  # noqa: N815
        db = property(lambda self: self._dz[1])

    return Layer(e, a), (a.x,)


class Dense:
    """One of the layers of a foreign network."""

    def __init__(self, e, W, names):
        self.W, self.e, self.names = W, e, names

    def forward(self, x):
        self.x = self.e.keep(x)
        return x @ self.W

    def backward(self, d):
        x, (name, result) = self.x, self.names
        self.dW = self.e(name, x.T @ d, lambda: x[:1].T @ d[:1])
        return self.e(result, d @ self.W.T)


class Squash:
    def forward(self, x):
        self.y = namespace(x).tanh(x)
        return self.y

    def backward(self, d):
        return d * (1 - self.y**2)


class Sequential:
    def __init__(self, layers):
        self.layers = layers

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, d):
        for layer in reversed(self.layers):
            d = layer.backward(d)
        return d


def dense(e, a):
    return Dense(e, a.W, ("W", "x")), Squash(), Dense(e, a.normal(2, 2), ("V", ""))


@style("x W V")
def layers_in_a_list(e, a):
    return Sequential(list(dense(e, a))), (a.x,)


@style("x W V")
def layers_in_a_tuple_in_a_dictionary(e, a):
    class Net(Sequential):
        def __init__(self):
            self.parts = {"all": dense(e, a)}

        @property
        def layers(self):
            return self.parts["all"]

    return Net(), (a.x,)


@style("x W V")
def a_network_in_an_attribute(e, a):
    class Model:
        def __init__(self):
            self.net = Sequential(list(dense(e, a)))

        def forward(self, x):
            return self.net.forward(x) * 2

        def backward(self, d):
            return self.net.backward(d * 2)

    return Model(), (a.x,)
