"""What the gradient of one batch costs: backpropagation, the fast numerical way, the plain loop.

The loop takes two forward passes a parameter. Where it would take minutes it is left out; its
cost follows from that of a forward pass, which `python -m benchmarks.ratios` measures.
"""

from typing import Any

import pytest

from backends import Backend
from backprop import TwoLayerNet

# hidden units and pixels used: from tens of parameters to the book's network, and beyond
SIZES = {"2-3-10": (2, 3), "20-10-10": (20, 10), "100-50-10": (100, 50), "784-50-10": (784, 50)}
LARGER = {"784-500-10": (784, 500)}
LOOP = ("2-3-10", "20-10-10")


def case(digits: Any, backend: Backend, size: str, batch: int, dtype: str) -> tuple[Any, ...]:
    pixels, hidden = (SIZES | LARGER)[size]
    x, t = digits
    net = TwoLayerNet(pixels, hidden, 10, backend=backend, dtype=dtype, seed=0)
    middle = (784 - pixels) // 2
    x = backend.asarray(x[:batch, middle : middle + pixels], dtype)
    return net, x, backend.asarray(t[:batch])


def synchronized(backend: Backend, call: Any) -> Any:
    """Return a call that waits for the device."""

    def run() -> None:
        call()
        backend.synchronize()

    return run


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("batch", [1, 3, 100], ids=lambda n: f"batch={n}")
@pytest.mark.parametrize("size", [*SIZES, *LARGER])
def test_backprop(benchmark: Any, digits: Any, backend: Backend, size: str, batch: int, dtype: str):
    net, x, t = case(digits, backend, size, batch, dtype)
    benchmark.group = f"{size} batch={batch} {dtype} {backend}"
    benchmark(synchronized(backend, lambda: net.gradient(x, t)))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("batch", [1, 3, 100], ids=lambda n: f"batch={n}")
@pytest.mark.parametrize("size", [*SIZES, *LARGER])
def test_numerical_fast(
    benchmark: Any, digits: Any, backend: Backend, size: str, batch: int, dtype: str
):
    net, x, t = case(digits, backend, size, batch, dtype)
    benchmark.group = f"{size} batch={batch} {dtype} {backend}"
    call = synchronized(backend, lambda: net.numerical_gradient(x, t))
    benchmark.pedantic(call, rounds=5, warmup_rounds=1)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("batch", [1, 3, 100], ids=lambda n: f"batch={n}")
@pytest.mark.parametrize("size", LOOP)
def test_numerical_loop(
    benchmark: Any, digits: Any, backend: Backend, size: str, batch: int, dtype: str
):
    net, x, t = case(digits, backend, size, batch, dtype)
    benchmark.group = f"{size} batch={batch} {dtype} {backend}"
    call = synchronized(backend, lambda: net.numerical_gradient(x, t, method="elementwise"))
    benchmark.pedantic(call, rounds=3, warmup_rounds=1)
