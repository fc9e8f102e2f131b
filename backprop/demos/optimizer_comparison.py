"""Four optimizers on digits: how fast the loss of five layers falls (section 6.1.8)."""

from backprop import SGD, AdaGrad, Adam, Momentum, MultiLayerNet, Trainer
from backprop.demos.curves import draw, smooth
from backprop.demos.settings import Settings


def run(settings: Settings, iterations: int = 2000) -> None:
    """Print the mean loss of the last tenth of the steps of each optimizer; draw all losses."""
    train, _ = settings.digits()
    losses = {}
    for optimizer in (SGD(0.01), Momentum(0.01), AdaGrad(0.01), Adam(0.001)):
        network = MultiLayerNet(784, [100] * 4, 10, backend=settings.backend, seed=0)
        history = Trainer(network, optimizer, batch_size=128, seed=0).fit(
            train, iterations=iterations
        )
        name = type(optimizer).__name__
        losses[name] = history.loss
        last = history.loss[-max(1, iterations // 10) :]
        print(f"{name:9} {sum(last) / len(last):.3f}")

    settings.keep(losses, "losses.json")
    if settings.out:
        curves = {name: smooth(each) for name, each in losses.items()}
        ax = draw(curves, "iteration", "loss, smoothed")
        ax.set_ylim(0, 1)
        settings.save(ax, "optimizer-comparison.png")
