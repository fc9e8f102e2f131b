"""A program as a user types it, with a layer of its own: `test_type_checkers.py` checks it."""

from typing import Any

import numpy as np
import numpy.typing as npt

from backprop import (
    SGD,
    Affine,
    Elementwise,
    History,
    Layer,
    Network,
    Relu,
    SoftmaxWithLoss,
    Trainer,
    TwoLayerNet,
    functions,
    gradcheck,
    load_mnist_sample,
    load_network,
    numerical_gradient,
    save_network,
)

Floats = npt.NDArray[np.float64]


class Scale(Layer):
    """Each input times a number that is learnt."""

    def __init__(self, s: Floats) -> None:
        super().__init__()
        self.params = {"s": s}

    def forward(self, x: Floats) -> Any:
        self.cache = x
        return x * self.params["s"]

    def backward(self, dout: Any = 1) -> Any:
        self.grads["s"] = (dout * self.recall()).sum(axis=0)
        return dout * self.params["s"]


class Swish(Elementwise):
    """x sigmoid(x)."""

    def value(self, x: Any) -> tuple[Any, Any]:
        y = functions.sigmoid(x)
        return x * y, (x, y)

    def slope(self, kept: Any) -> Any:
        x, y = kept
        return y + x * y * (1 - y)


def show(history: History) -> None:
    print(history.epoch[-1], history.train_accuracy[-1])


def main() -> None:
    train, test = load_mnist_sample()
    net = TwoLayerNet(784, 50, 10, seed=0, activation="tanh", dtype=np.float64, backend="cpu")
    trainer = Trainer(net, SGD(lr=0.1), batch_size=100, seed=0)
    history = trainer.fit(train, test, epochs=1, on_epoch=show)
    best: float = max(history.test_accuracy)
    scores = net.predict(test[0])
    print(best, np.argmax(scores, axis=1), functions.softmax([0.3, 2.9, 4.0]))
    print(numerical_gradient(lambda x: np.sum(x**2), np.array([3.0, 4.0])))

    rng = np.random.default_rng(0)
    layers = {
        "Scale": Scale(np.ones(4)),
        "Affine1": Affine(rng.standard_normal((4, 5)), np.zeros(5)),
        "Swish": Swish(),
        "Relu": Relu(),
        "Affine2": Affine(rng.standard_normal((5, 3)), np.zeros(3)),
    }
    deep = Network(layers, SoftmaxWithLoss())
    x, t = rng.standard_normal((6, 4)), rng.integers(0, 3, 6)
    report = gradcheck(deep, x, t, mode="sampled", seed=1)
    if not report.ok:
        raise SystemExit(str(report))
    for name, gradient in deep.gradient(x, t).items():
        deep.params[name] -= 0.1 * gradient
    print(float(deep.loss(x, t)), deep.accuracy(x, t))
    save_network("net.safetensors", net)
    print(load_network("net.safetensors", activation="tanh", dtype="float32").params["W1"].shape)


if __name__ == "__main__":
    main()
