"""A training step of `SimpleConvNet` (30 filters of 5x5, batch 100) beside that of others.

`python -m benchmarks.ratios convolution` prints the figures.
"""

import tracemalloc
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

import backends
from backprop import SGD, SimpleConvNet, load_mnist_sample
from backprop.bench import alternate
from benchmarks.book_convnet import LEARNING_RATE, BookConvNet, parameters

Row = tuple[str, float, str]
BATCH = 100
COLUMNS = BATCH * 24 * 24 * 25 * 8  # bytes of the book's, which are float64, for the filters
POOLED = BATCH * 12 * 12 * 30 * 4 * 8  # for the pooling, while the others are kept


def digits() -> tuple[Any, Any]:
    """Return a batch of real digits."""
    (x, t), _ = load_mnist_sample(flatten=False)
    return x[:BATCH], t[:BATCH].astype(np.int64)


def ours(library: str = "numpy") -> Callable[[], Any]:
    """Return a step of the library's network on a library's arrays."""
    backend = backends.select("cpu", library)
    net = SimpleConvNet(backend=backend)
    net.load_state_dict({name: v.astype("float32") for name, v in parameters().items()})
    optimizer = SGD(LEARNING_RATE)
    x, t = (backend.asarray(a) for a in digits())

    def step() -> Any:
        loss, grads = net.loss_and_gradient(x, t)
        optimizer.update(net.params, grads)
        return loss

    return step


def books() -> Callable[[], Any]:
    """Return a step of the book's own code."""
    return partial(BookConvNet(parameters()).step, *digits())


def torch_modules() -> Callable[[], Any]:
    """Return a step of PyTorch's modules and optimizer."""
    import torch
    from torch import nn

    net = nn.Sequential(
        *(nn.Conv2d(1, 30, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()),
        *(nn.Linear(4320, 100), nn.ReLU(), nn.Linear(100, 10)),
    )
    params = parameters()
    with torch.no_grad():
        for layer, k in ((net[0], 1), (net[4], 2), (net[6], 3)):
            W = params[f"W{k}"]
            layer.weight.copy_(torch.from_numpy(W if k == 1 else W.T.copy()))
            layer.bias.copy_(torch.from_numpy(params[f"b{k}"]))
    optimizer, loss_of = torch.optim.SGD(net.parameters(), LEARNING_RATE), nn.CrossEntropyLoss()
    x, t = (torch.from_numpy(a) for a in digits())

    def step() -> Any:
        optimizer.zero_grad()
        loss = loss_of(net(x), t)
        loss.backward()
        optimizer.step()
        return loss

    return step


def peak(step: Callable[[], Any]) -> int:
    """Return how many bytes a step takes at most beyond what there is; of NumPy's arrays."""
    step()
    tracemalloc.start()
    step()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


def rows() -> Iterator[Row]:
    """Yield each figure: of times, this library's to the other's, with one thread each."""
    with threadpool_limits(limits=1):
        yield from _rows()


def _rows() -> Iterator[Row]:
    name = "training step of SimpleConvNet, batch 100"
    pairs = {"NumPy / the book's own code": (ours, books)}
    if find_spec("torch") is not None:
        import torch

        torch.set_num_threads(1)
        pairs |= {
            "NumPy / PyTorch's modules": (ours, torch_modules),
            "PyTorch arrays / PyTorch's modules": (partial(ours, "torch"), torch_modules),
        }
    for pair, (mine, theirs) in pairs.items():
        times = alternate({"ours": mine(), "theirs": theirs()}, seconds=6)
        yield f"{name}: {pair}", times["ours"] / times["theirs"], f"{1e3 * times['ours']:.1f} ms"
    most, own = peak(ours()), peak(books())
    others = {
        "the book's columns of the convolution": COLUMNS,
        "its columns of convolution and pooling": COLUMNS + POOLED,
        "the book's own step": own,
    }
    for pair, other in others.items():
        yield f"peak memory of that step: NumPy / {pair}", most / other, f"{most / 1e6:.1f} MB"
