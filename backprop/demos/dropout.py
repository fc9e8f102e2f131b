"""Overfitting on 300 digits, and dropout against it (section 6.4.3)."""

from backprop import MultiLayerNetExtend
from backprop.demos.curves import overfitting
from backprop.demos.settings import Settings


def run(settings: Settings, epochs: int = 300) -> None:
    """Print accuracies of seven layers without dropout and with 0.2; draw them by epoch."""
    networks = {
        f"dropout {ratio}": MultiLayerNetExtend(
            784,
            [100] * 6,
            10,
            use_dropout=ratio > 0,
            dropout_ration=ratio,
            backend=settings.backend,
            seed=0,
        )
        for ratio in (0.0, 0.2)
    }
    print("dropout   train   test")
    overfitting(settings, networks, epochs, "dropout.png")
