"""Batch normalization: learning with weights of any size at the start (section 6.3.2)."""

import numpy as np

from backprop import SGD, MultiLayerNetExtend, Trainer, plotting
from backprop.demos.curves import draw
from backprop.demos.settings import Settings

NAMES = ("with", "without")


def run(settings: Settings, epochs: int = 20, scales: int = 16) -> None:
    """Print accuracies on 1,000 digits, with it and without, by scale; draw them by epoch."""
    (x, t), _ = settings.digits()
    stds = [10.0 ** (-4 * k / max(1, scales - 1)) for k in range(scales)]
    results = {}
    print("weights    with without")
    for std in stds:
        curves = {}
        for name in NAMES:
            network = MultiLayerNetExtend(
                784,
                [100] * 5,
                10,
                weight_init_std=std,
                use_batchnorm=name == "with",
                backend=settings.backend,
                seed=0,
            )
            trainer = Trainer(network, SGD(0.01), batch_size=100, seed=0, on_nan="ignore")
            with np.errstate(all="ignore"):  # large weights without it overflow
                history = trainer.fit((x[:1000, :], t[:1000]), epochs=epochs)
            curves[name] = history.train_accuracy
        results[f"{std:.4f}"] = curves
        print(f"{std:7.4f} {curves['with'][-1]:7.3f} {curves['without'][-1]:7.3f}")

    settings.keep(results, "accuracies.json")
    if settings.out:
        axes = plotting.axes_grid(-(-scales // 4), min(4, scales))
        for ax, (scale, curves) in zip(axes, results.items(), strict=False):
            draw(curves, "epoch", "accuracy", ax)
            ax.set_ylim(0, 1.05)
            ax.set_title(f"weights {scale}")
        settings.save(axes[0], "batch-norm.png")
