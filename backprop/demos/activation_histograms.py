"""Activations of five layers, by the size of the weights at the start (section 6.2.2)."""

from typing import Any

from backends import Array
from backprop import plotting
from backprop.demos.settings import Settings
from backprop.functions import relu, sigmoid
from backprop.initialization import weight_std

WAYS: tuple[tuple[str, Any, float | str], ...] = (
    ("sigmoid, 1", sigmoid, 1.0),
    ("sigmoid, 0.01", sigmoid, 0.01),
    ("sigmoid, Xavier", sigmoid, "xavier"),
    ("relu, 0.01", relu, 0.01),
    ("relu, Xavier", relu, "xavier"),
    ("relu, He", relu, "he"),
)


def run(settings: Settings) -> None:
    """Print mean and spread in the last of five layers of 100 neurons; draw histograms of all."""
    shown = {name: layers(settings, f, scale) for name, f, scale in WAYS}
    xp = settings.backend.xp
    found = {
        name: [[float(xp.mean(z)), float(xp.std(z))] for z in values]
        for name, values in shown.items()
    }
    print(f"{'weights':16} {'mean':>6} {'spread':>6}")
    for name, each in found.items():
        print(f"{name:16} {each[-1][0]:6.3f} {each[-1][1]:6.3f}")

    settings.keep(found, "activations.json")
    if settings.out:
        axes = plotting.axes_grid(len(WAYS), 5)
        for i, (name, values) in enumerate(shown.items()):
            for k, z in enumerate(values):
                ax = axes[5 * i + k]
                ax.hist(settings.backend.to_numpy(z).reshape(-1), 30, range=(0, 1))
                ax.set_yticks([])
                if name.startswith("relu"):
                    ax.set_ylim(0, 8000)  # zeros are many more
                ax.set_title(f"layer {k + 1}" if i == 0 else "", fontsize=16)
            axes[5 * i].set_ylabel(name, fontsize=16)
        settings.save(axes[0], "activation-histograms.png")


def layers(settings: Settings, f: Any, scale: float | str) -> list[Array]:
    """Return what comes out of five layers, for 1,000 random inputs."""
    backend, rng = settings.backend, settings.backend.rng(0)
    z = backend.asarray(rng.standard_normal((1000, 100)))
    found = []
    for _ in range(5):
        z = f(z @ backend.asarray(weight_std(scale, 100) * rng.standard_normal((100, 100))))
        found.append(z)
    return found
