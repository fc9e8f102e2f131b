"""Paths of four optimizers down a long valley, x²/20 + y² (sections 6.1.3 to 6.1.7)."""

from typing import Any

import numpy as np

from backends import Array
from backprop import SGD, AdaGrad, Adam, Momentum, plotting
from backprop.demos.settings import Settings
from backprop.training import Rule


def valley(point: Any) -> Any:
    """Return x²/20 + y²."""
    return point[0] ** 2 / 20.0 + point[1] ** 2


def run(settings: Settings, steps: int = 30) -> None:
    """Print where each optimizer is after 30 steps from (-7, 2); draw the paths."""
    optimizers = (SGD(0.95), Momentum(0.1), AdaGrad(1.5), Adam(0.3))
    paths = {type(each).__name__: path(settings, each, steps) for each in optimizers}
    ends = {name: settings.backend.to_numpy(points[-1, :]) for name, points in paths.items()}
    for name, end in ends.items():
        print(f"{name:9}", end)

    settings.keep({name: end.tolist() for name, end in ends.items()}, "ends.json")
    if settings.out:
        axes = plotting.axes_grid(2, 2)
        for ax, (name, points) in zip(axes, paths.items(), strict=True):
            x, y = np.meshgrid(np.linspace(-8, 8, 81), np.linspace(-4, 4, 81))
            ax.contour(x, y, valley((x, y)), levels=12, linewidths=0.6, cmap="gray_r")
            ax.plot(*settings.backend.to_numpy(points).T, "o-", color="C3", ms=3, linewidth=1)
            ax.plot(0, 0, "+", color="black")
            ax.set_title(name)
        settings.save(axes[0], "optimizer-paths.png")


def path(settings: Settings, optimizer: Rule, steps: int) -> Array:
    """Return the points that an optimizer goes through, shape (steps + 1, 2)."""
    backend = settings.backend
    slopes = backend.asarray([0.1, 2.0])
    params = {"point": backend.asarray([-7.0, 2.0])}
    points = [params["point"] + 0.0]
    for _ in range(steps):
        optimizer.update(params, {"point": slopes * params["point"]})
        points.append(params["point"] + 0.0)
    return backend.xp.stack(points)
