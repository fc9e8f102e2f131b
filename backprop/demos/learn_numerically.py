"""A network learns digits by the numerical gradient alone (section 4.5)."""

from backprop import History, TwoLayerNet, plotting
from backprop.demos.settings import Settings


def run(settings: Settings, iterations: int = 100) -> None:
    """Print how the loss falls; draw it.

    Each step differentiates by all 39,760 parameters. The learning rate is ten times the book's, so
    that 100 steps suffice.
    """
    batch_size, learning_rate = 100, 1.0
    backend = settings.backend
    (x_train, t_train), (x_test, t_test) = settings.digits()
    network = TwoLayerNet(784, 50, 10, activation="sigmoid", backend=backend, seed=0)
    rng = backend.rng(0)
    history = History()

    print("iteration   loss")
    for i in range(1, iterations + 1):
        batch_mask = backend.asarray(rng.choice(x_train.shape[0], batch_size))
        x_batch = backend.xp.take(x_train, batch_mask, axis=0)
        t_batch = backend.xp.take(t_train, batch_mask, axis=0)

        grad = network.numerical_gradient(x_batch, t_batch)
        for key in network.params:
            network.params[key] -= learning_rate * grad[key]

        history.loss.append(float(network.loss(x_batch, t_batch)))
        if i == 1 or i % 10 == 0:
            print(f"{i:9} {history.loss[-1]:6.3f}", flush=True)

    print(f"accuracy on the test images: {network.accuracy(x_test, t_test):.2%}")
    if settings.out:
        settings.save(plotting.loss_curve(history), "loss.png")
