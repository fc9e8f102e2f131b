"""Backpropagation compared with the numerical gradient, on three digits (section 5.7.3)."""

from backprop import TwoLayerNet, gradcheck, graph
from backprop.demos.settings import Settings


def run(settings: Settings) -> None:
    """Print each parameter's mean absolute difference, and the checker's report with reasons."""
    backend = settings.backend
    (x_train, t_train), _ = settings.digits()
    x_batch, t_batch = x_train[:3, :], t_train[:3]
    network = TwoLayerNet(784, 50, 10, dtype=backend.widest, backend=backend, seed=0)

    grad_numerical = network.numerical_gradient(x_batch, t_batch)
    grad_backprop = network.gradient(x_batch, t_batch)
    for key in grad_numerical:
        diff = backend.xp.mean(backend.xp.abs(grad_backprop[key] - grad_numerical[key]))
        print(f"{key}: {float(diff)}")

    print()
    print(gradcheck(network, x_batch, t_batch))
    if settings.out:
        settings.save(graph.draw(network, x_batch, t_batch), "gradient-check.svg")
