"""Styles: layers that draw random numbers, from whatever generator."""

import random

import numpy as np

from tests.backprop.gradients.foreign.foreign import Tanh, style

ALL = "x W b"


def dropout(e, draw):
    """Return a layer with a random mask in front."""

    class Layer(Tanh):
        def forward(self, x):
            y = super().forward(x)
            self.mask = draw(self, y)
            return y * self.mask

        def backward(self, d):
            return super().backward(d * self.mask)

    return Layer


@style(ALL, without="stale")
def dropout_by_the_global_generator(e, a):
    def draw(self, x):
        return a.array(np.random.rand(*x.shape) > 0.4)  # noqa: NPY002

    return dropout(e, draw)(e, a), (a.x,)


@style(ALL, without="stale")
def dropout_by_a_generator_of_its_own(e, a):
    layer = dropout(e, lambda self, x: a.array(self.rng.random(x.shape) > 0.4))(e, a)
    layer.rng = np.random.default_rng(3)
    return layer, (a.x,)


@style(ALL, without="stale")
def dropout_by_a_random_state(e, a):
    layer = dropout(e, lambda self, x: a.array(self.rng.rand(*x.shape) > 0.4))(e, a)
    layer.rng = np.random.RandomState(3)
    return layer, (a.x,)


@style(ALL, without="stale")
def dropout_by_pythons_random(e, a):
    def draw(self, x):
        return a.array([[float(random.random() > 0.4) for _ in range(2)] for _ in range(4)])

    return dropout(e, draw)(e, a), (a.x,)


@style(ALL, on="torch", without="stale")
def dropout_by_torch(e, a):
    import torch

    return dropout(e, lambda self, x: (torch.rand(x.shape) > 0.4).to(x.dtype))(e, a), (a.x,)


@style(ALL, on="torch", without="stale")
def dropout_by_a_generator_of_torch(e, a):
    import torch

    def draw(self, x):
        return (torch.rand(x.shape, generator=self.generator) > 0.4).to(x.dtype)

    layer = dropout(e, draw)(e, a)
    layer.generator = torch.Generator().manual_seed(3)
    return layer, (a.x,)
