"""Styles: several inputs and outputs, lists and dictionaries of them, integers and numbers."""

from backends import namespace
from tests.backprop.gradients.foreign.foreign import flipped, style


class Cell:
    """Two outputs: h = tanh(x) and c = x²."""

    def __init__(self, e):
        self.e = e

    def forward(self, x):
        self.x = self.e.keep(x)
        self.h = namespace(x).tanh(x)
        return self.h, x * x

    def gradient(self, dh, dc):
        return self.e("x", dh * (1 - self.h**2) + 2 * self.x * dc, lambda: dh * (1 - self.h**2))


@style("x")
def two_outputs_two_arguments(e, a):
    own = {"backward": lambda self, dh, dc: self.gradient(dh, dc)}
    return type("Cell", (Cell,), own)(e), (a.x,)


@style("x")
def two_outputs_one_tuple(e, a):
    return type("Cell", (Cell,), {"backward": lambda self, d: self.gradient(*d)})(e), (a.x,)


@style("x")
def a_dictionary_of_outputs(e, a):
    own = {
        "forward": lambda self, x: dict(zip("hc", Cell.forward(self, x), strict=True)),
        "backward": lambda self, d: self.gradient(d["h"], d["c"]),
    }
    return type("Cell", (Cell,), own)(e), (a.x,)


class Product:
    def __init__(self, e):
        self.e = e

    def forward(self, xs):
        self.xs = self.a, self.b = self.e.keep(self.both(xs))
        return self.a * self.b

    def both(self, xs):
        return xs

    def backward(self, d):
        a, b, e = self.a, self.b, self.e
        return [e("a", d * b), e("b", d * a)]


@style("a b", without="stale")
def a_list_of_inputs(e, a):
    return Product(e), ([a.x, a.normal(4, 3)],)


@style("a b", without="stale")
def a_tuple_in_a_dictionary_of_inputs(e, a):
    class Layer(Product):
        def both(self, xs):
            return xs["pair"]

        def backward(self, d):
            return {"pair": tuple(super().backward(d))}

    return Layer(e), ({"pair": (a.x, a.normal(4, 3))},)


@style("a b", without="stale")
def a_dictionary_of_inputs(e, a):
    class Layer(Product):
        def both(self, xs):
            return xs["one"], xs["two"]

        def backward(self, d):
            return dict(zip(("one", "two"), super().backward(d), strict=True))

    return Layer(e), ({"one": a.x, "two": a.normal(4, 3)},)


@style("W", on="numpy torch")
def integer_inputs(e, a):
    class Embedding:
        def __init__(self):
            self.W = a.normal(6, 2)

        def forward(self, idx):
            self.idx = e.keep(idx)
            return self.W[idx]

        def backward(self, d):
            self.dW, last = 0 * self.W, 0 * self.W
            for i, row in zip(self.idx.tolist(), d, strict=True):
                self.dW[i] += row
                last[i] = row  # repeats are lost
            self.dW = e("W", self.dW, lambda: last)

    return Embedding(), (a.integers([1, 3, 1, 5]),)


@style("x y", on="numpy", without="stale sum", dtypes="float64")
def numbers(e, a):
    class Mul:
        def forward(self, x, y):
            self.x, self.y = x, y
            return x * y

        def backward(self, dout):
            return e("x", dout * self.y), e("y", dout * self.x)

    return Mul(), (100, 2.0)


@style("x y", without="stale")
def broadcast_inputs(e, a):
    class Add:
        def forward(self, x, y):
            return x * 2 + y

        def backward(self, d):
            return e("x", d * 2), e("y", namespace(d).sum(d, axis=0), lambda: d)

    return Add(), (a.x, a.normal(3))


@style("x", without="stale")
def the_sign_of_one_of_two_terms(e, a):
    def f(x):
        return namespace(x).sum(x * x) + namespace(x).sum(namespace(x).sin(x))

    def grad(x):
        return e("x", 2 * x + namespace(x).cos(x), lambda: flipped(2 * x) + namespace(x).cos(x))

    return (f, grad), (a.x,)
