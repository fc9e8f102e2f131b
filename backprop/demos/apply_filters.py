"""A digit as filters see it: what answers to edges and blobs (section 7.6.1)."""

from backprop import Convolution, plotting
from backprop.demos.settings import Settings
from backprop.demos.small_convnet import pictures, trained


def run(settings: Settings, epochs: int = 5) -> None:
    """Print which filters answer most to a digit; draw it and what each filter makes of it."""
    xp = settings.backend.xp
    conv = trained(settings, epochs).layers["Conv1"]
    _, (x, t) = pictures(settings)
    digit = x[:1, ...]
    W = conv.params["W"]
    answers = Convolution(W, 0.0 * conv.params["b"]).forward(digit)
    strength = settings.backend.to_numpy(xp.max(xp.abs(answers), axis=(0, 2, 3))).tolist()
    strongest = sorted(range(len(strength)), key=lambda k: -strength[k])
    print(f"the digit {int(t[0])}, and what filters make of it, at most:")
    for k in strongest[:5]:
        print(f"filter {k + 1:2} {strength[k]:6.3f}")

    settings.keep({"digit": int(t[0]), "strength": strength}, "answers.json")
    if settings.out:
        axes = plotting.axes_grid(3, 4)
        axes[0].imshow(settings.backend.to_numpy(digit[0, 0, ...]), cmap="gray")
        axes[0].set_title("the picture")
        for ax, k in zip(axes[1:], strongest, strict=False):
            ax.imshow(settings.backend.to_numpy(answers[0, k, ...]), cmap="gray")
            ax.set_title(f"filter {k + 1}")
        for ax in axes:
            ax.set_axis_off()
        settings.save(axes[0], "apply-filters.png")
