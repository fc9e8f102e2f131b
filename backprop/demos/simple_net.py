"""Gradient of a loss by the weights, numerically and by backpropagation (section 4.4.2)."""

from backends import Array
from backprop import Affine, Network, SoftmaxWithLoss, graph, numerical_gradient
from backprop.demos.settings import Settings
from backprop.functions import cross_entropy_error, softmax

W = [[0.47355232, 0.9977393, 0.84668094], [0.85557411, 0.03563661, 0.69422093]]


def run(settings: Settings) -> None:
    """Print prediction, loss and gradient of one layer for one sample; draw the network."""
    asarray, to_numpy = settings.backend.asarray, settings.backend.to_numpy
    weights = asarray(W)
    x, t = asarray([0.6, 0.9]), asarray([0.0, 0.0, 1.0])

    def loss(weights: Array) -> Array:
        return cross_entropy_error(softmax(x @ weights), t, eps=0)

    p = x @ weights
    print("prediction:", to_numpy(p))
    print("argmax:", int(settings.backend.xp.argmax(p)))
    print(f"loss: {float(loss(weights)):.8f}")
    print("dW, numerically:")
    print(to_numpy(numerical_gradient(loss, weights, step=1e-4)))

    net = Network({"Affine1": Affine(weights, asarray([0.0, 0.0, 0.0]))}, SoftmaxWithLoss())
    print("dW, by backpropagation:")
    print(to_numpy(net.gradient(x, t)["W1"]))
    if settings.out:
        settings.save(graph.draw(net, x, t), "simple-net.svg")
