"""Learning rate and weight decay found by trying random ones (section 6.5)."""

from typing import Any

import numpy as np

from backprop import SGD, MultiLayerNet, Trainer, plotting
from backprop.demos.curves import draw
from backprop.demos.settings import Settings


def run(settings: Settings, trials: int = 40, epochs: int = 30) -> None:
    """Print the best five of 40 pairs by their accuracy on 100 digits kept apart; draw the best."""
    (x, t), _ = settings.digits()
    train, kept = (x[:400, :], t[:400]), (x[400:500, :], t[400:500])
    rng = settings.backend.rng(0)
    found: list[dict[str, Any]] = []
    for _ in range(trials):
        lr, decay = 10 ** rng.uniform(-6, -1), 10 ** rng.uniform(-8, -4)
        network = MultiLayerNet(
            784, [100] * 6, 10, weight_decay_lambda=decay, backend=settings.backend, seed=0
        )
        trainer = Trainer(network, SGD(lr), batch_size=100, seed=0, on_nan="ignore")
        with np.errstate(all="ignore"):  # some rates are too high
            history = trainer.fit(train, kept, epochs=epochs)
        curves = {"train": history.train_accuracy, "kept apart, test": history.test_accuracy}
        found.append({"lr": lr, "decay": decay, "curves": curves})
    found.sort(key=lambda each: -each["curves"]["kept apart, test"][-1])
    print("accuracy  learning rate    decay")
    for each in found[:5]:
        accuracy = each["curves"]["kept apart, test"][-1]
        print(f"{accuracy:8.2f} {each['lr']:14.2e} {each['decay']:8.1e}")

    settings.keep(found, "trials.json")
    if settings.out:
        axes = plotting.axes_grid(2, 4)
        for ax, each in zip(axes, found, strict=False):
            draw(each["curves"], "epoch", "accuracy", ax)
            ax.set_ylim(0, 1.05)
            ax.set_title(f"rate {each['lr']:.1e}, decay {each['decay']:.0e}", fontsize=9)
        settings.save(axes[0], "hyperparameters.png")
