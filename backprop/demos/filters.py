"""Filters of the first convolution before and after learning (section 7.6.1)."""

from backends import Array
from backprop import plotting
from backprop.demos.settings import Settings
from backprop.demos.small_convnet import trained, untrained


def run(settings: Settings, epochs: int = 5) -> None:
    """Print how smooth the filters are, by neighbors that have one sign; draw them."""
    filters = {
        "before": untrained(settings).params["W1"],
        "after": trained(settings, epochs).params["W1"],
    }
    alike = {name: neighbors_alike(settings, W) for name, W in filters.items()}
    for name, share in alike.items():
        print(f"{name:6} {share:.1%} of neighbors have one sign")

    settings.keep(alike, "filters.json")
    if settings.out:
        for name, W in filters.items():
            rows = settings.backend.xp.reshape(W, (W.shape[0], -1))
            ax = plotting.weights(rows.T)
            ax.set_title(f"filters {name} learning")
            settings.save(ax, f"filters-{name}.png")


def neighbors_alike(settings: Settings, W: Array) -> float:
    """Return how many of all neighbors in a row have the same sign."""
    xp = settings.backend.xp
    same = (W[:, :, :, 1:] > 0) == (W[:, :, :, :-1] > 0)
    return float(xp.mean(xp.astype(same, W.dtype)))
