"""Styles: parameters in objects, tuples and dataclasses, or found in what backward returns."""

from collections import namedtuple
from dataclasses import dataclass
from typing import Any

from tests.backprop.gradients.foreign.foreign import Tanh, d_tanh, style, tanh
from tests.backprop.gradients.foreign.keeping import ALL, keeps


class Parameter:
    """A value with its gradient, as most frameworks have it."""

    def __init__(self, data):
        self.data, self.grad = data, None


def _start_objects(self, W, b):
    self.W, self.b = Parameter(W), Parameter(b)


def _write_objects(self, dx, dW, db):
    self.W.grad, self.b.grad = dW, db
    return dx


@keeps(_start_objects, lambda self: (self.W.data, self.b.data), _write_objects)
def objects_with_data_and_grad(): ...


def _start_pairs(self, W, b):
    self.params = [{"value": W, "grad": None}, {"value": b, "grad": None}]


def _write_pairs(self, dx, dW, db):
    self.params[0]["grad"], self.params[1]["grad"] = dW, db
    return dx


@keeps(_start_pairs, lambda self: [p["value"] for p in self.params], _write_pairs)
def dictionaries_of_value_and_grad(): ...


Both = namedtuple("Both", "W b")


def _start_tuples(self, W, b):
    self.params, self.grads = Both(W, b), None


def _write_tuples(self, dx, dW, db):
    self.grads = Both(dW, db)
    return dx


@keeps(_start_tuples, lambda self: self.params, _write_tuples)
def named_tuples(): ...


@dataclass
class Weights:
    W: Any
    b: Any


def _start_dataclass(self, W, b):
    self.params, self.grads = Weights(W, b), Weights(None, None)


def _write_dataclass(self, dx, dW, db):
    self.grads.W, self.grads.b = dW, db
    return dx


@keeps(_start_dataclass, lambda self: (self.params.W, self.params.b), _write_dataclass)
def dataclasses_of_both(): ...


@keeps(Tanh.start, Tanh.read, lambda self, dx, dW, db: (dx, dW, db))
def all_returned(): ...


@keeps(Tanh.start, Tanh.read, lambda self, dx, dW, db: (dx, [dW, db]))
def a_list_returned(): ...


@keeps(Tanh.start, Tanh.read, lambda self, dx, dW, db: (dx, {"W": dW, "b": db}))
def a_dictionary_returned_too(): ...


@keeps(Tanh.start, Tanh.read, lambda self, dx, dW, db: {"x": dx, "W": dW, "b": db})
def a_dictionary_returned(): ...


@style(ALL)
def told_by_the_caller(e, a):
    class Layer(Tanh):
        def write(self, dx, dW, db):
            self.store = {"one": [dW], "two": db}
            return dx

    told = {"params": {"W": "W", "b": "b"}, "grads": {"W": "store['one'][0]", "b": "store[two]"}}
    return Layer(e, a), (a.x,), told


@style("x theta")
def one_flat_array(e, a):
    xp_concat = a.concat

    class Layer(Tanh):
        def start(self, W, b):
            self.theta = xp_concat(W.reshape(-1), b)

        def read(self):
            return self.theta[:6].reshape(3, 2), self.theta[6:]

        def write(self, dx, dW, db):
            self.dtheta = self.e("theta", xp_concat(dW.reshape(-1), db))
            return dx

    return Layer(e, a), (a.x,)


@style(ALL, on="torch", without="none")
def torch_parameters(e, a):
    import torch

    class Layer(Tanh):
        def start(self, W, b):
            self.W, self.b = torch.nn.Parameter(W), torch.nn.Parameter(b)

        def read(self):
            return self.W.data, self.b.data

        def write(self, dx, dW, db):
            self.W.grad, self.b.grad = dW, db
            return dx

    return Layer(e, a), (a.x,)


@style(ALL, on="torch", without="none")
def torch_modules(e, a):
    import torch

    class Layer(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.W, self.b = torch.nn.Parameter(a.W), torch.nn.Parameter(a.b)

        @torch.no_grad()
        def forward(self, x):
            self.x = e.keep(x)
            self.y = tanh(x, self.W, self.b)
            return self.y

        @torch.no_grad()
        def backward(self, d):
            dx, self.W.grad, self.b.grad = d_tanh(e, d, self.x, self.y, self.W)
            return dx

    return Layer(), (a.x,)
