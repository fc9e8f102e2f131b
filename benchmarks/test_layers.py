"""Forward and backward of each layer, beside the bare NumPy expression."""

from typing import Any

import numpy as np
import pytest

from backprop import Affine, Relu, Sigmoid, SoftmaxWithLoss, Tanh

RNG = np.random.default_rng(0)


def cases(batch: int) -> dict[str, tuple[Any, tuple[Any, ...], Any, Any, Any]]:
    """Return for each layer: it, its inputs, dout, bare forward and bare backward."""
    x = RNG.standard_normal((batch, 50)).astype("float32")
    dout = RNG.standard_normal((batch, 50)).astype("float32")
    W, b = RNG.standard_normal((50, 50)).astype("float32"), np.zeros(50, dtype="float32")
    t = RNG.integers(0, 50, batch)
    y = 1 / (1 + np.exp(-x))
    mask, rows = x > 0, np.arange(batch)

    def affine_backward() -> Any:
        return dout @ W.T, x.T @ dout, dout.sum(axis=0)

    def softmax_forward() -> Any:
        shifted = x - x.max(axis=1, keepdims=True)
        return np.mean(np.log(np.exp(shifted).sum(axis=1)) - shifted[rows, t])

    def softmax_backward() -> Any:
        dx = y.copy()
        dx[rows, t] -= 1
        return dx / batch

    return {
        "affine": (Affine(W, b), (x,), dout, lambda: x @ W + b, affine_backward),
        "relu": (Relu(), (x,), dout, lambda: np.maximum(x, 0), lambda: dout * mask),
        "sigmoid": (
            Sigmoid(),
            (x,),
            dout,
            lambda: 1 / (1 + np.exp(-x)),
            lambda: dout * y * (1 - y),
        ),
        "tanh": (Tanh(), (x,), dout, lambda: np.tanh(x), lambda: dout * (1 - y * y)),
        "softmax": (SoftmaxWithLoss(), (x, t), 1, softmax_forward, softmax_backward),
    }


@pytest.mark.parametrize("way", ["layer", "bare"])
@pytest.mark.parametrize("direction", ["forward", "backward"])
@pytest.mark.parametrize("batch", [1, 100, 1000], ids=lambda n: f"batch={n}")
@pytest.mark.parametrize("name", list(cases(1)))
def test_layer(benchmark: Any, name: str, batch: int, direction: str, way: str) -> None:
    layer, inputs, dout, bare_forward, bare_backward = cases(batch)[name]
    layer.forward(*inputs)
    calls = {
        ("layer", "forward"): lambda: layer.forward(*inputs),
        ("layer", "backward"): lambda: layer.backward(dout),
        ("bare", "forward"): bare_forward,
        ("bare", "backward"): bare_backward,
    }
    benchmark.group = f"{name} {direction} batch={batch}"
    benchmark(calls[way, direction])
