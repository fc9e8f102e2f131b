"""Styles: the ways in which a layer or a loss is called, as an object with two methods."""

from backends import namespace
from tests.backprop.gradients.foreign.foreign import Tanh, d_tanh, style, tanh

ALL = "x W b"


def calls(first, second, **options):
    """Register a layer whose methods have other names."""

    def register(function):
        def make(e, a):
            class Layer:
                def __init__(self):
                    self.inner = Tanh(e, a)

            setattr(Layer, first, lambda self, x: self.inner.forward(x))
            setattr(Layer, second, lambda self, dout: self.inner.backward(dout))
            return Layer(), (a.x,)

        make.__name__ = function.__name__
        return style(ALL, **options)(make)

    return register


@calls("forward_pass", "backward_pass")
def forward_pass_and_backward_pass(): ...


@calls("fprop", "bprop")
def fprop_and_bprop(): ...


@calls("__call__", "backward")
def call_and_backward(): ...


@calls("forward", "backprop")
def forward_and_backprop(): ...


@calls("feedforward", "backpropagate")
def feedforward_and_backpropagate(): ...


@style("x", without="stale")
def backward_without_dout(e, a):
    class Layer:
        def forward(self, x):
            self.y = namespace(x).tanh(x)
            return self.y

        def backward(self):
            return e("x", 1 - self.y**2)

    return Layer(), (a.x,)


class Mse:
    """Half the mean square, in several ways."""

    def __init__(self, e):
        self.e = e

    def forward(self, x, t):
        self.off, self.n = self.e.keep(x - t), x.shape[0]
        return namespace(x).sum((x - t) ** 2) / 2 / self.n

    def slope(self):
        return self.e("x", self.off / self.n, lambda: self.off * 1)


@style("x")
def loss_without_dout(e, a):
    return type("Loss", (Mse,), {"backward": lambda self: self.slope()})(e), (a.x, a.normal(4, 3))


@style("x")
def loss_with_dout_of_1(e, a):
    own = {
        "backward": lambda self, dout=1: dout * self.slope() if self.slope() is not None else None
    }
    return type("Loss", (Mse,), own)(e), (a.x, a.normal(4, 3))


@style("x t")
def loss_by_both_arguments(e, a):
    def backward(self, dout=1):
        g = self.off / self.n * dout
        return e("x", g, lambda: g * self.n), e("t", -g)

    return type("Loss", (Mse,), {"backward": backward})(e), (a.x, a.normal(4, 3))


@style("x", without="stale")
def loss_backward_takes_both_again(e, a):
    class Loss:
        def forward(self, y_pred, y_true):
            return namespace(y_pred).sum((y_pred - y_true) ** 2)

        def backward(self, y_pred, y_true):
            return e("x", 2 * (y_pred - y_true), lambda: y_pred - y_true)

    return Loss(), (a.x, a.normal(4, 3))


@style(ALL, without="stale")
def backward_takes_the_input_again(e, a):
    class Layer(Tanh):
        def backward(self, dout, x):
            return self.write(*d_tanh(e, dout, x, self.y, self.W))

    return Layer(e, a), (a.x,)


@style(ALL, without="stale")
def backward_takes_a_cache(e, a):
    class Layer(Tanh):
        def forward(self, x):
            y = tanh(x, self.W, self.b)
            return y, (x, y)

        def backward(self, dout, cache):
            return self.write(*d_tanh(e, dout, *cache, self.W))

    return Layer(e, a), (a.x,)


@style(ALL, without="none")
def output_and_dinputs_in_attributes(e, a):
    class Dense(Tanh):
        def forward(self, inputs, training):
            self.output = super().forward(inputs) if training else inputs

        def backward(self, dvalues):
            self.dinputs, self.dweights, self.dbiases = d_tanh(
                e, dvalues, self.x, self.output, self.weights
            )

        def start(self, W, b):
            self.weights, self.biases = W, b

        def read(self):
            return self.weights, self.biases

    return Dense(e, a), (a.x,), {"kwargs": {"training": True}}


@style(ALL, without="none")
def forward_returns_itself(e, a):
    class Layer(Tanh):
        def forward(self, inpt):
            self.result = super().forward(inpt)
            return self

        def backward(self, delta):
            self.delta = super().backward(delta)
            return self

    return Layer(e, a), (a.x,), {"output": "result"}


@style(ALL)
def a_flag_for_training(e, a):
    class Layer(Tanh):
        def forward(self, x, train_flg=False):
            y = super().forward(x)
            return y if train_flg else y * 0.5

    return Layer(e, a), (a.x,), {"kwargs": {"train_flg": True}}


@style(ALL)
def keyword_only_arguments(e, a):
    class Layer(Tanh):
        def forward(self, x, *, training):
            return super().forward(x)

        def backward(self, d, *, training):
            return super().backward(d)

    return Layer(e, a), (a.x,), {"kwargs": {"training": True}}


@style("W b")
def a_first_layer_returns_nothing(e, a):
    class Layer(Tanh):
        def write(self, dx, dW, db):
            self.dW, self.db = dW, db

    return Layer(e, a), (a.x,), {"wrt": ["W", "b"]}


class Classifier:
    """A network with `loss` and `gradient`, as the book has it."""

    def __init__(self, e, a):
        self.e, self.params = e, {"W": a.W, "b": a.b}

    def loss(self, x, t, train_flg=False):
        y = tanh(x, self.params["W"], self.params["b"])
        return namespace(x).sum((y - t) ** 2) * (1 if train_flg else 0.5)

    def gradient(self, x, t):
        y = tanh(x, self.params["W"], self.params["b"])
        _, dW, db = d_tanh(self.e, y - t, self.e.keep(x), y, self.params["W"])
        return {"W": dW, "b": db}


@style("W b")
def a_network(e, a):
    return Classifier(e, a), (a.x, a.normal(4, 2))


@style("W b")
def a_network_with_a_flag(e, a):
    class Net(Classifier):
        def gradient(self, x, t, train_flg=False):
            found = super().gradient(x, t)
            double = 2 if train_flg else 1
            return {key: None if g is None else g * double for key, g in found.items()}

    return Net(e, a), (a.x, a.normal(4, 2)), {"kwargs": {"train_flg": True}}


@style("W b", without="stale")
def a_loss_that_returns_gradients_too(e, a):
    class Net:
        def __init__(self):
            self.params = {"W": a.W, "b": a.b}

        def loss(self, X, y=None):
            out = tanh(X, self.params["W"], self.params["b"])
            _, dW, db = d_tanh(e, 2 * (out - y), X, out, self.params["W"])
            return namespace(X).sum((out - y) ** 2), {"W": dW, "b": db}

    return Net(), (a.x, a.normal(4, 2))
