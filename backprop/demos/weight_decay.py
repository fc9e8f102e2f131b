"""Overfitting on 300 digits, and weight decay against it (sections 6.4.1, 6.4.2)."""

from backprop import SGD, MultiLayerNet, Trainer
from backprop.demos.curves import draw
from backprop.demos.settings import Settings


def run(settings: Settings, epochs: int = 200) -> None:
    """Print accuracies of seven layers without decay and with 0.1; draw them by epoch."""
    (x, t), test = settings.digits()
    curves = {}
    print("decay   train   test")
    for decay in (0.0, 0.1):
        network = MultiLayerNet(
            784, [100] * 6, 10, weight_decay_lambda=decay, backend=settings.backend, seed=0
        )
        history = Trainer(network, SGD(0.01), batch_size=100, seed=0).fit(
            (x[:300, :], t[:300]), test, epochs=epochs
        )
        curves[f"decay {decay}, train"] = history.train_accuracy
        curves[f"decay {decay}, test"] = history.test_accuracy
        print(f"{decay:5.1f} {history.train_accuracy[-1]:7.3f} {history.test_accuracy[-1]:6.3f}")

    settings.keep(curves, "accuracies.json")
    if settings.out:
        settings.save(draw(curves, "epoch", "accuracy"), "weight-decay.png")
