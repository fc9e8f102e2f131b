"""Overfitting on 300 digits, and weight decay against it (sections 6.4.1, 6.4.2)."""

from backprop import MultiLayerNet
from backprop.demos.curves import overfitting
from backprop.demos.settings import Settings


def run(settings: Settings, epochs: int = 200) -> None:
    """Print accuracies of seven layers without decay and with 0.1; draw them by epoch."""
    networks = {
        f"decay {decay}": MultiLayerNet(
            784, [100] * 6, 10, weight_decay_lambda=decay, backend=settings.backend, seed=0
        )
        for decay in (0.0, 0.1)
    }
    print("decay   train   test")
    overfitting(settings, networks, epochs, "weight-decay.png")
