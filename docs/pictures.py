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
from backprop import (
    SGD,
    Flatten,
    MatMul,
    Relu,
    Sigmoid,
    Tanh,
    Trainer,
    TwoLayerNet,
    demos,
    graph,
    load_mnist_sample,
    plotting,
)
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
    "optimizer-paths",
    "activation-histograms",
    "batch-norm",
    "dropout",
    "filters",
)


def main() -> None:
    """Write all pictures."""
    FOLDER.mkdir(exist_ok=True)
    with contextlib.redirect_stdout(io.StringIO()):
        for name in DEMOS:
            demos.run(name, demos.Settings(backends.host(), FOLDER))
    draw_neurons()
    draw_derivatives()
    draw_operations()
    draw_layers()
    draw_losses()
    draw_deep_layers()
    draw_networks()
    draw_learning()
    for path in (*FOLDER.glob("*.json"), FOLDER / "filters-before.png"):
        path.unlink()  # of the programs, and no page shows it
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


def draw_operations() -> None:
    """Draw each elementary operation with its local derivatives."""
    x, y = graph.Variable(6.0, "x"), graph.Variable(2.0, "y")
    results = {
        "subtraction": x - y,
        "division": x / y,
        "power": x**y,
        "exponential": graph.exp(x),
        "logarithm": graph.log(x),
    }
    for name, z in results.items():
        z.draw(FOLDER / f"{name}.svg", symbols="∂L/∂z")
    total = graph.Variable(np.ones((3, 2)), "x") + graph.Variable(np.array([1.0, 2.0]), "b")
    total.backward()
    total.draw(FOLDER / "broadcasting.svg")


def draw_layers() -> None:
    """Draw the layers of chapter 5, and what the sigmoid and the affine layer consist of."""
    x = graph.Variable(1.0, "x")
    results = {"relu": graph.apply(Relu(), x), "tanh": graph.apply(Tanh(), x)}
    results["sigmoid"] = 1 / (1 + graph.exp(-x))
    for name, y in results.items():
        y.name = "y"
        y.draw(FOLDER / f"{name}.svg", symbols="∂L/∂y")
    X, W = graph.Variable(np.ones((5, 3)), "x"), graph.Variable(np.ones((3, 2)), "W")
    product = graph.apply(MatMul(), X, W)
    product.name = "P"
    y = product + graph.Variable(np.ones(2), "b")
    y.name = "y"
    y.draw(FOLDER / "affine.svg", symbols="∂L/∂y")
    y.backward()
    y.draw(FOLDER / "affine-shapes.svg")


def draw_losses() -> None:
    """Draw the losses of one sample, out of elementary operations, with their derivatives."""
    scores = [graph.Variable(score, f"x{i}") for i, score in enumerate((0.3, 2.9, 4.0), start=1)]
    exp1, exp2, exp3 = map(graph.exp, scores)
    x, t = graph.Variable(1.0, "x"), graph.Variable(0.0, "t")
    losses = {
        "softmax-with-loss": graph.log(exp1 + exp2 + exp3) - scores[2],
        "sigmoid-with-loss": graph.log(1 + graph.exp(x)) - t * x,
        "identity-with-loss": 0.5 * (graph.Variable(3.0, "x") - graph.Variable(2.0, "t")) ** 2,
    }
    for name, loss in losses.items():
        loss.name = "L"
        loss.backward()
        loss.draw(FOLDER / f"{name}.svg")


def draw_deep_layers() -> None:
    """Draw windows, an entry of a normalized pair, a scale, and a mask, with derivatives."""
    x = [graph.Variable(value, f"x{i}") for i, value in enumerate((1.0, 2.0, 4.0), start=1)]
    w1, w2 = graph.Variable(3.0, "w1"), graph.Variable(-1.0, "w2")
    y = [w1 * x[i] + w2 * x[i + 1] for i in range(2)]
    first, second = graph.Variable(-1.0, "c1"), graph.Variable(1.0, "c2")
    normalized = first / ((first**2 + second**2) / 2) ** 0.5
    small, large = graph.Variable(1.0, "x1"), graph.Variable(4.0, "x2")
    gamma, beta = graph.Variable(3.0, "γ"), graph.Variable(0.5, "β")
    outputs = [gamma * graph.Variable(x, f"x̂{n}") + beta for n, x in ((1, 1.0), (2, -2.0))]
    mask = graph.Variable(2.0, "m / (1 - r)")
    flat = graph.apply(Flatten(), graph.Variable(np.ones((5, 2, 4, 4)), "x"))
    results = {
        "convolution": ("L", y[0] + y[1]),
        "pooling": ("y", small + graph.apply(Relu(), large - small)),
        "flatten": ("y", flat),
        "normalization": ("x̂1", normalized),
        "layer-normalization": ("L", outputs[0] + outputs[1]),
        "dropout": ("y", graph.Variable(3.0, "x") * mask),
    }
    for name, (title, result) in results.items():
        result.name = title
        result.backward()
        result.draw(FOLDER / f"{name}.svg")


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
    """Write a picture again with 256 colors, which makes the file a third as large.

    One that is wider than a page is halved.
    """
    with Image.open(path) as image:
        whole = image.convert("RGB")
        few = whole.reduce(2 if image.width > 1500 else 1).quantize(
            256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE
        )
    few.save(path, optimize=True)


if __name__ == "__main__":
    main()
