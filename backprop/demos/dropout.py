"""Overfitting on 300 digits, and dropout against it (section 6.4.3)."""

from backprop import SGD, MultiLayerNetExtend, Trainer
from backprop.demos.curves import draw
from backprop.demos.settings import Settings


def run(settings: Settings, epochs: int = 300) -> None:
    """Print accuracies of seven layers without dropout and with 0.2; draw them by epoch."""
    (x, t), test = settings.digits()
    curves = {}
    print("dropout   train   test")
    for ratio in (0.0, 0.2):
        network = MultiLayerNetExtend(
            784,
            [100] * 6,
            10,
            use_dropout=ratio > 0,
            dropout_ration=ratio,
            backend=settings.backend,
            seed=0,
        )
        history = Trainer(network, SGD(0.01), batch_size=100, seed=0).fit(
            (x[:300, :], t[:300]), test, epochs=epochs
        )
        curves[f"dropout {ratio}, train"] = history.train_accuracy
        curves[f"dropout {ratio}, test"] = history.test_accuracy
        print(f"{ratio:7.1f} {history.train_accuracy[-1]:7.3f} {history.test_accuracy[-1]:6.3f}")

    settings.keep(curves, "accuracies.json")
    if settings.out:
        settings.save(draw(curves, "epoch", "accuracy"), "dropout.png")
