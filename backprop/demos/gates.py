"""Truth tables of AND, NAND, OR and XOR as perceptrons (sections 2.3 to 2.5)."""

from backprop import plotting
from backprop.demos.settings import Settings
from backprop.perceptron import AND, NAND, OR, XOR


def run(settings: Settings) -> None:
    """Print the truth tables, from numbers and from arrays; draw the decision boundaries."""
    print("x1 x2  AND NAND  OR XOR")
    for x1, x2 in [(0, 0), (1, 0), (0, 1), (1, 1)]:
        print(f"{x1:2} {x2:2} {AND(x1, x2):4} {NAND(x1, x2):4} {OR(x1, x2):3} {XOR(x1, x2):3}")

    x1 = settings.backend.asarray([0.0, 1.0, 0.0, 1.0])
    x2 = settings.backend.asarray([0.0, 0.0, 1.0, 1.0])
    print("XOR of whole arrays:", settings.backend.to_numpy(XOR(x1, x2)))

    if settings.out:
        axes = plotting.axes_grid(2, 2)
        for gate, ax in zip((AND, NAND, OR, XOR), axes, strict=True):
            plotting.decision_boundary(gate, ax)
        settings.save(axes[0], "gates.png")
