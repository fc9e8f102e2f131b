"""Make the pictures of the pages: `python docs/pictures.py` writes them to docs/pictures.

Most are those that the programs of the book draw; the others show one network, trained for 10,000
steps as `backprop train` does it. On the same machine the same bytes come out again.
"""

import contextlib
import io
from pathlib import Path

from PIL import Image

import backends
from backprop import SGD, Trainer, TwoLayerNet, demos, graph, load_mnist_sample, plotting
from backprop.metrics import confusion_matrix

FOLDER = Path(__file__).parent / "pictures"
DEMOS = (
    "gates",
    "activations",
    "losses",
    "numerical-diff",
    "gradient-descent",
    "apple",
    "apple-orange",
)


def main() -> None:
    """Write all pictures."""
    FOLDER.mkdir(exist_ok=True)
    with contextlib.redirect_stdout(io.StringIO()):
        for name in DEMOS:
            demos.run(name, demos.Settings(backends.host(), FOLDER))
    draw_networks()
    draw_learning()
    for path in FOLDER.glob("*.png"):
        shrink(path)


def draw_networks() -> None:
    """Draw the book's network: for a batch of 100 digits, and with the loss and derivatives."""
    (x, t), _ = load_mnist_sample()
    net = TwoLayerNet(784, 50, 10, backend=backends.host(), seed=0)
    graph.draw(net, x[:100], path=FOLDER / "network.svg")
    graph.draw(net, x[:100], t[:100], path=FOLDER / "network-with-loss.svg")


def draw_learning() -> None:
    """Train a network; draw how it went, what it has learned, and what it takes digits for."""
    train, (x, t) = load_mnist_sample()
    net = TwoLayerNet(784, 50, 10, backend=backends.host(), seed=0)
    history = Trainer(net, SGD(lr=0.1), batch_size=100, seed=0).fit(
        train, (x, t), iterations=10_000
    )
    predicted = net.predict(x).argmax(axis=1)
    wrong = (predicted != t).nonzero()[0]
    shown = [*range(30), *wrong[wrong >= 30][:10]]
    pictures = {
        "training-curve": plotting.accuracy_curves(history),
        "loss": plotting.loss_curve(history),
        "digits": plotting.digits(x[shown], t[shown], predicted[shown]),
        "confusion-matrix": plotting.confusion_matrix(confusion_matrix(t, predicted, 10)),
        "weights": plotting.weights(net.params["W1"][:, :20]),
    }
    for name, ax in pictures.items():
        plotting.save(ax, FOLDER / f"{name}.png")


def shrink(path: Path) -> None:
    """Write a picture again with 256 colors, which makes the file a third as large."""
    with Image.open(path) as image:
        few = image.convert("RGB").quantize(
            256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE
        )
    few.save(path, optimize=True)


if __name__ == "__main__":
    main()
