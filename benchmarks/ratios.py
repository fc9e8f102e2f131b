"""The project's figures, each a ratio of medians from taking turns in one process.

    python benchmarks/ratios.py [NAME ...]

Prints a Markdown table. Peers that are not installed are left out.
"""

import sys
import tracemalloc
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any

import numpy as np
import peers

from backprop import TwoLayerNet, gradcheck, load_mnist_sample
from backprop.timing import alternate

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


SECTIONS: dict[str, Callable[[], Iterator[Row]]] = {"numerical": numerical, "check": check}


def main(names: list[str]) -> None:
    """Print the table of the sections named, or of all."""
    print("| figure | ratio | |\n|---|---|---|")
    for name in names or SECTIONS:
        for figure, ratio, remark in SECTIONS[name]():
            print(f"| {figure} | {ratio:.3g} | {remark} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
