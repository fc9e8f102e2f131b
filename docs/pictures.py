"""Make the pictures of the pages: `python docs/pictures.py` writes them to docs/pictures.

Most are those that the programs of the book draw; the others show one network, trained for 10,000
steps as `backprop train` does it. On the same machine the same bytes come out again.
"""

import contextlib
import io
from pathlib import Path

import numpy as np
from PIL import Image

import backends
from backprop import SGD, Sigmoid, Trainer, TwoLayerNet, demos, graph, load_mnist_sample, plotting
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
    draw_neurons()
    draw_derivatives()
    draw_networks()
    draw_learning()
    for path in FOLDER.glob("*.png"):
        shrink(path)


def draw_neurons() -> None:
    """Draw the networks of chapters 2 and 3 as circles, with their weights."""
    gates = {
        "W1": np.array([[-0.5, 0.5], [-0.5, 0.5]]),
        "b1": np.array([0.7, -0.2]),
        "W2": np.array([[0.5], [0.5]]),
        "b2": np.array([-0.7]),
    }
    xor = [["$x_1$", "$x_2$"], ["$s_1$", "$s_2$"], ["$y$"]]
    softmax = [["$a_1$", "$a_2$", "$a_3$"], ["$y_1$", "$y_2$", "$y_3$"]]
    pictures = {
        "xor": plotting.neurons(gates, xor, weights="values"),
        "three-layers": plotting.neurons([2, 3, 2, 2], weights="names", biases=True),
        "softmax": plotting.neurons([3, 3], softmax),
    }
    for name, ax in pictures.items():
        plotting.save(ax, FOLDER / f"{name}.png")


def draw_derivatives() -> None:
    """Draw the chain rule and the two simplest operations in letters (sections 5.2 and 5.3)."""
    x, y = graph.Variable(2.0, "x"), graph.Variable(3.0, "y")
    f = graph.apply(Sigmoid(), x, name="f")
    f.name = "y"
    f.draw(FOLDER / "local-derivative.svg", symbols="E")
    t = x + y
    t.name = "t"
    z = t**2
    z.name = "z"
    z.draw(FOLDER / "squared-sum.svg", symbols=True)
    z.backward()
    z.draw(FOLDER / "chain-rule.svg", symbols=True)
    (x + y).draw(FOLDER / "addition.svg", symbols="∂L/∂z")
    (x * y).draw(FOLDER / "multiplication.svg", symbols="∂L/∂z")


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
