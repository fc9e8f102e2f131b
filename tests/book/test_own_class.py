"""A network as the book writes it, as a class of one's own, on libraries of both kinds."""

import numpy as np
import pytest

import backends
from backprop import Affine, Network, Relu, SoftmaxWithLoss, load_mnist_sample

LIBRARIES = ["numpy", "torch", "jax", "array-api-strict"]


class Own:
    """Section 5.7.2; `live` is the one line that docs/book.md adds."""

    def __init__(self, backend, live):
        rng = np.random.default_rng(0)
        array = backend.asarray
        self.params = {}
        self.params["W1"] = array(0.05 * rng.standard_normal((784, 20)))
        self.params["b1"] = array(np.zeros(20))
        self.params["W2"] = array(0.05 * rng.standard_normal((20, 10)))
        self.params["b2"] = array(np.zeros(10))
        self.layers = {
            "Affine1": Affine(self.params["W1"], self.params["b1"]),
            "Relu1": Relu(),
            "Affine2": Affine(self.params["W2"], self.params["b2"]),
        }
        self.lastLayer = SoftmaxWithLoss()
        if live:
            self.params = Network(self.layers, self.lastLayer).params

    def loss(self, x, t):
        for layer in self.layers.values():
            x = layer.forward(x)
        return self.lastLayer.forward(x, t)

    def gradient(self, x, t):
        self.loss(x, t)
        dout = self.lastLayer.backward(1)
        for layer in reversed(self.layers.values()):
            dout = layer.backward(dout)
        first, second = self.layers["Affine1"], self.layers["Affine2"]
        return {"W1": first.dW, "b1": first.db, "W2": second.dW, "b2": second.db}


def losses(library, live):
    """Return the loss before and after learning, on float32 images and float64 weights."""
    pytest.importorskip(library.replace("-", "_"))
    backend = backends.select("cpu", library)
    (x, t), _ = load_mnist_sample()
    x, t = backend.asarray(x[:200]), backend.asarray(t[:200])
    network = Own(backend, live)
    before = float(network.loss(x, t))
    for _ in range(40):
        grad = network.gradient(x, t)
        for key in ("W1", "b1", "W2", "b2"):
            network.params[key] -= 0.5 * grad[key]
    return before, float(network.loss(x, t))


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_live_view_of_the_parameters_learns_on_every_library(library):
    before, after = losses(library, live=True)
    assert after < 0.6 * before


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_plain_dictionary_learns_where_arrays_can_be_changed(library):
    before, after = losses(library, live=False)
    assert (after == before) is (library == "jax")
    assert library == "jax" or after < 0.6 * before
