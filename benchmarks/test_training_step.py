"""One training step of 784-hidden-10: gradients by backpropagation, and gradient descent.

Beside this library, on NumPy and compiled on JAX, stand hand-fused NumPy, the book's style of
layers, and, where they are installed, PyTorch (eager), JAX (jit) and Thinc, each written as its
users would.
"""

from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

from backprop import SGD, Network
from backprop.training.step import Compiler
from backprop.training.team import Alone
from benchmarks import peers


def ours(params: dict[str, Any]) -> Any:
    net, optimizer = Network.from_params(params), SGD(peers.LEARNING_RATE)

    def step(x: Any, t: Any) -> None:
        optimizer.update(net.params, net.gradient(x, t))

    return step


def compiled(params: dict[str, Any]) -> Any:
    import jax.numpy as jnp

    net = Network.from_params({name: jnp.asarray(value) for name, value in params.items()})
    return Compiler()(net, SGD(peers.LEARNING_RATE), Alone())


def waited(step: Any, row: int) -> Any:
    """Return so many steps of JAX in a row, of which the last is waited for: all is there then."""

    def steps(x: Any, t: Any) -> None:
        for _ in range(row):
            loss = step(x, t)
        loss.block_until_ready()

    return steps


PEERS = {
    "backprop": (ours, None),
    "backprop on jax": (compiled, "jax"),
    "fused": (lambda params: peers.Fused(params).step, None),
    "book": (lambda params: peers.BookNet(params).step, None),
    "torch": (peers.torch_step, "torch"),
    "jax": (peers.jax_step, "jax"),
    "thinc": (peers.thinc_step, "thinc"),
}


def step_of(
    peer: str, hidden: int, batch: int, dtype: str, digits: Any, row: int = 1
) -> tuple[Any, Any, Any]:
    """Return a peer's step, and a batch as its users would hold it; `row` is for JAX's alone."""
    make, module = PEERS[peer]
    if module is not None and find_spec(module) is None:
        pytest.skip(f"{module} is not installed")
    if peer in ("backprop on jax", "jax", "thinc") and dtype == "float64":
        pytest.skip(f"{peer} computes in float32")
    x, t = digits[0][:batch].astype(dtype), digits[1][:batch]
    step = make(peers.parameters(hidden, dtype))
    if peer == "torch":
        import torch

        return step, torch.from_numpy(x), torch.from_numpy(t)
    if peer in ("backprop on jax", "jax"):
        import jax.numpy as jnp

        return waited(step, row), jnp.asarray(x), jnp.asarray(t)
    return step, x, (np.eye(10, dtype="float32")[t] if peer == "thinc" else t)


@pytest.mark.parametrize("peer", PEERS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("hidden", [50, 500, 2000], ids=lambda n: f"hidden={n}")
@pytest.mark.parametrize("batch", [1, 10, 100, 1000], ids=lambda n: f"batch={n}")
def test_training_step(
    benchmark: Any, digits: Any, batch: int, hidden: int, dtype: str, peer: str
) -> None:
    step, x, t = step_of(peer, hidden, batch, dtype, digits)
    benchmark.group = f"step hidden={hidden} batch={batch} {dtype}"
    step(x, t)
    benchmark(step, x, t)
