"""The project's figures, each a ratio of medians from taking turns in one process.

    python -m benchmarks.ratios [NAME ...]

Prints a Markdown table. Peers that are not installed are left out, and so is the section
`training` unless `MNIST_DIR` names a folder with the MNIST files.
"""

import os
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np

from backprop import SGD, Trainer, TwoLayerNet, gradcheck, load_mnist, load_mnist_sample
from backprop.bench import alternate
from backprop.training.run import Run
from benchmarks import convolution, peers
from benchmarks.test_training_step import PEERS, step_of

Row = tuple[str, float, str]


def digits(batch: int, dtype: str) -> tuple[Any, Any]:
    """Return the first training images and labels of the sample."""
    (x, t), _ = load_mnist_sample()
    return x[:batch].astype(dtype), t[:batch].astype(np.int64)


def numerical() -> Iterator[Row]:
    """Compare the fast numerical gradient with the book's loop, 784-50-10 in float64.

    The loop is run on 200 entries of W1 and scaled to all 39,760 parameters: its cost is
    two forward passes each, whichever the parameter.
    """
    for batch in (3, 100):
        x, t = digits(batch, "float64")
        net = TwoLayerNet(784, 50, 10, backend="cpu", dtype="float64", seed=0)
        book = peers.BookNet({name: np.asarray(v) for name, v in net.params.items()})
        entries, size = 200, sum(v.size for v in book.params.values())

        def loop(book: Any = book, x: Any = x, t: Any = t, entries: int = entries) -> None:
            peers.book_numerical_gradient(lambda _: book.loss(x, t), book.params["W1"], entries)

        def fast(net: Any = net, x: Any = x, t: Any = t) -> None:
            net.numerical_gradient(x, t)

        times = alternate({"fast": fast, "loop": loop}, seconds=4)
        ratio = times["loop"] * size / entries / times["fast"]
        tracemalloc.start()
        fast()
        peak = tracemalloc.get_traced_memory()[1] / 2**20
        tracemalloc.stop()
        yield f"the book's loop / fast numerical gradient, batch {batch}", ratio, f"{peak:.0f} MB"


def check() -> Iterator[Row]:
    """Compare the checker with PyTorch's on 784-50-10, batch 3, float64."""
    if find_spec("torch") is None:
        return
    import torch

    x, t = digits(3, "float64")
    net = TwoLayerNet(784, 50, 10, backend="cpu", dtype="float64", seed=0)
    other = peers.torch_net({name: np.asarray(v) for name, v in net.params.items()})
    parameters = [p.detach().clone().requires_grad_() for p in other.parameters()]
    names = [name for name, _ in other.named_parameters()]
    images, labels = torch.from_numpy(x), torch.from_numpy(t)

    def loss(*values: Any) -> Any:
        scores = torch.func.functional_call(other, dict(zip(names, values, strict=True)), images)
        return torch.nn.functional.cross_entropy(scores, labels)

    for mode, fast, seconds in (("full", False, 1.0), ("directional", True, 4.0)):

        def theirs(fast: bool = fast) -> None:
            torch.autograd.gradcheck(loss, parameters, fast_mode=fast)

        def ours(mode: Any = mode) -> None:
            gradcheck(net, x, t, mode=mode)

        times = alternate({"theirs": theirs, "ours": ours}, seconds, least=3)
        name = f"PyTorch's gradcheck{', fast_mode' if fast else ''} / gradcheck, mode {mode}"
        yield name, times["theirs"] / times["ours"], f"{1e3 * times['ours']:.1f} ms"


def step(
    other: str, sizes: Sequence[tuple[int, int]], own: str = "backprop", row: int = 1
) -> Iterator[Row]:
    """Compare a training step with a peer's, for pairs of batch and hidden units.

    Of JAX's, so many in a row may be taken before the last one is waited for.
    """
    module = PEERS[other][1]
    if module is not None and find_spec(module) is None:
        return
    for batch, hidden in sizes:
        turns = {}
        for name in (own, other):
            call, x, t = step_of(name, hidden, batch, "float32", digits(batch, "float32"), row)
            turns[name] = partial(call, x, t)
        times = alternate(turns, seconds=4)
        said = "training step" if row == 1 else f"training step, of {row} in a row,"
        figure = f"{said} 784-{hidden}-10, batch {batch}: {own} / {other}"
        yield figure, times[own] / times[other], f"{1e6 * times[own] / row:.0f} us"


def trainer() -> Iterator[Row]:
    """Compare a `Trainer` with a bare loop of batches, `gradient` and update."""
    train, _ = load_mnist_sample()
    x, t = train[0], train[1].astype(np.int64)
    nets = [TwoLayerNet(784, 50, 10, backend="cpu", seed=0) for _ in range(2)]
    optimizer, rng, own = SGD(0.1), np.random.default_rng(0), Trainer(nets[1], SGD(0.1))
    Run._measure = lambda self: self.history.iteration.append(  # type: ignore[method-assign]
        len(self.history.loss)
    )  # accuracies are not part of a step

    def loop() -> None:
        order = rng.permutation(len(x))
        for i in range(0, len(x), 100):
            index = order[i : i + 100]
            optimizer.update(nets[0].params, nets[0].gradient(x[index], t[index]))

    def fit() -> None:
        own.fit((x, t), epochs=1)

    times = alternate({"loop": loop, "fit": fit}, seconds=6)
    yield "Trainer / bare loop, an iteration", times["fit"] / times["loop"], ""


def training() -> Iterator[Row]:
    """Compare 10,000 iterations on all of MNIST, accuracies each epoch, with the book's script."""
    folder = os.environ.get("MNIST_DIR")
    if folder is None:
        return
    (x, t), (x_test, t_test) = load_mnist(path=folder)
    labels, test_labels = t.astype(np.int64), t_test.astype(np.int64)

    def script() -> None:
        net, rng = peers.BookNet(peers.parameters(50, "float64")), np.random.default_rng(0)
        for i in range(10_000):
            mask = rng.choice(len(x), 100)
            net.step(x[mask], labels[mask])
            if i % 600 == 0:
                for images, digit in ((x, labels), (x_test, test_labels)):
                    np.mean(net.predict(images).argmax(axis=1) == digit)

    def ours() -> None:
        net = TwoLayerNet(784, 50, 10, backend="cpu", seed=0)
        Trainer(net, SGD(0.1), seed=0).fit((x, t), (x_test, t_test), iterations=10_000)

    times = alternate({"script": script, "ours": ours}, seconds=0, least=3, turn=0)
    yield (
        "10,000 iterations on MNIST: backprop / the book's script",
        times["ours"] / times["script"],
        f"{times['ours']:.1f} s",
    )


def imports() -> Iterator[Row]:
    """Compare `import backprop` with `import numpy`, in fresh processes."""

    def importing(module: str) -> Callable[[], object]:
        command = [sys.executable, "-c", f"import {module}"]
        return partial(subprocess.run, command, check=True)

    turns = {name: importing(name) for name in ("numpy", "backprop")}
    times = alternate(turns, seconds=8, turn=0)
    yield "import backprop / import numpy", times["backprop"] / times["numpy"], ""


def memory() -> Iterator[Row]:
    """Measure what a training step takes beyond data and parameters, batch 1000."""
    call, x, t = step_of("backprop", 500, 1000, "float32", digits(1000, "float32"))
    call(x, t)
    tracemalloc.start()
    call(x, t)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    largest = 1000 * 500 * 4
    yield "peak memory of a step / largest activation, batch 1000", peak / largest, "hidden 500"


_BATCHES = ((1, 50), (100, 50), (1000, 50))
SECTIONS: dict[str, Callable[[], Iterator[Row]]] = {
    "fused": partial(step, "fused", (*_BATCHES, (100, 500), (1000, 500))),
    "book": partial(step, "book", _BATCHES),
    "torch": partial(step, "torch", _BATCHES),
    "jax": partial(step, "jax", _BATCHES),
    "compiled": partial(step, "jax", _BATCHES, "backprop on jax"),
    "row": partial(step, "jax", _BATCHES, "backprop on jax", row=100),
    "thinc": partial(step, "thinc", ((100, 50),)),
    "convolution": convolution.rows,
    "trainer": trainer,
    "training": training,
    "numerical": numerical,
    "check": check,
    "imports": imports,
    "memory": memory,
}


def main(names: list[str]) -> None:
    """Print a row for each figure: of the section named, or of each in a process of its own.

    Libraries keep threads that wait by spinning, and would slow down what is measured after them.
    """
    if len(names) == 1:
        for figure, ratio, remark in SECTIONS[names[0]]():
            print(f"| {figure} | {ratio:.3g} | {remark} |", flush=True)
        return
    print("| figure | ratio | |\n|---|---|---|", flush=True)
    for name in names or SECTIONS:
        subprocess.run([sys.executable, "-m", "benchmarks.ratios", name], check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
