"""A network that learned in 32 bits, evaluated in 16 (section 8.3.4)."""

from backprop import plotting
from backprop.demos.settings import Settings
from backprop.demos.small_convnet import pictures, trained


def run(settings: Settings, epochs: int = 2) -> None:
    """Print accuracy and memory of parameters in each dtype; draw the accuracies."""
    net = trained(settings, epochs)
    _, (x, t) = pictures(settings)
    found = {}
    for dtype in ("float64", "float32", "float16"):
        try:
            other = net.to(dtype=dtype)
            accuracy = other.accuracy(x, t, batch_size=100)
        except (AttributeError, TypeError, ValueError) as error:
            print(f"{dtype}: {error}")
            continue
        bits = settings.backend.xp.finfo(other.dtype).bits
        size = sum(value.size for value in other.params.values()) * bits // 8
        found[dtype] = accuracy
        print(f"{dtype}: accuracy {accuracy:.4f}, parameters of {size:,} bytes")

    settings.keep(found, "accuracies.json")
    if settings.out:
        ax = plotting.new_axes()
        bars = ax.bar(list(found), list(found.values()), width=0.5)
        ax.bar_label(bars, [f"{value:.2%}" for value in found.values()])
        ax.set_ylim(0, 1.1)
        ax.set_ylabel("accuracy on test digits")
        settings.save(ax, "half-precision.png")
