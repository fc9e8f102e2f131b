"""Prove the gradient checker on random smooth functions: no false alarm, no mistake that passes.

Each function is a random composition of sine, exponential, tanh, logarithm, root, square,
products and matrix products, at random magnitudes and in random shapes. Its gradient is derived by
the chain rule; each is checked as it is, and with one entry wrong by a relative 1e-6 (float64) or
1e-3 (float32). That entry is one whose gradient is at least a hundredth of the largest of its
array: beside larger ones, rounding hides smaller ones. Where a function hardly moves, its rounding
hides more: the mistake is larger by as much, and a right gradient may be too noisy to tell.

Run it with `make prove-gradcheck`; it takes some minutes, and exits with 1 where a count is not 0.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from backprop import gradcheck
from backprop.gradients import Report

Floats = npt.NDArray[Any]

WRONG = {"float64": 1e-6, "float32": 1e-3}
LARGEST = 1e3
TELLING = 1e-2  # of the output: what a change of each array by its own size must change
VISIBLE = 1e-2  # of the largest gradient: how large that at the wrong entry is at least


@dataclass(frozen=True)
class Step:
    """A step of a composition: its value y, and the gradient by x from that by y."""

    forward: Callable[[Floats], Floats]
    backward: Callable[[Floats, Floats, Floats], Floats]  # of x, y and dy


STEPS = {
    "sin": Step(np.sin, lambda x, y, d: d * np.cos(x)),
    "exp": Step(lambda x: np.exp(x / 4), lambda x, y, d: d * y / 4),
    "tanh": Step(np.tanh, lambda x, y, d: d * (1 - y * y)),
    "log1p": Step(lambda x: np.log1p(x * x), lambda x, y, d: 2 * d * x / (1 + x * x)),
    "sqrt": Step(lambda x: np.sqrt(1 + x * x), lambda x, y, d: d * x / y),
    "square": Step(lambda x: x * x, lambda x, y, d: 2 * d * x),
}


class Composition:
    """A layer of random steps: y = s * f(... f(x W * v) ...), with gradients by x, W and v.

    Parameters
    ----------
    rng : numpy.random.Generator
        Draws steps, shapes and magnitudes.
    dtype : str
        Of the arrays.
    """

    def __init__(self, rng: np.random.Generator, dtype: str) -> None:
        n, d, m = rng.integers(1, 6, 3)
        self.magnitude = 10.0 ** rng.uniform(-3, 3)
        self.steps = [STEPS[name] for name in rng.choice(list(STEPS), rng.integers(1, 5))]
        self.W = (rng.standard_normal((d, m)) / np.sqrt(d)).astype(dtype)
        self.v = rng.uniform(0.5, 2.0, m).astype(dtype)
        self.x = (rng.standard_normal((n, d)) * 10.0 ** rng.uniform(-3, 1)).astype(dtype)
        self.dW, self.dv = 0 * self.W, 0 * self.v
        self.spoiled: tuple[str, int, float] | None = None

    def forward(self, x: Floats) -> Floats:
        """Return the output, keeping what goes into each step."""
        self.input = x
        self.linear = x @ self.W
        y = self.linear * self.v
        self.kept = [y]
        for step in self.steps:
            y = step.forward(y)
            self.kept.append(y)
        return np.asarray(y * np.asarray(self.magnitude, y.dtype))

    def backward(self, d: Floats) -> Floats:
        """Return the gradient by x; keep those by W and v."""
        d = d * np.asarray(self.magnitude, d.dtype)
        for i in reversed(range(len(self.steps))):
            d = self.steps[i].backward(self.kept[i], self.kept[i + 1], d)
        self.dv = self._given("v", (d * self.linear).sum(axis=0))
        d = d * self.v
        self.dW = self._given("W", self.input.T @ d)
        return self._given("x", d @ self.W.T)

    def _given(self, name: str, gradient: Floats) -> Floats:
        if self.spoiled is not None and self.spoiled[0] == name:
            gradient.reshape(-1)[self.spoiled[1]] *= 1 + self.spoiled[2]
        return gradient

    def gradients(self, d: Floats) -> dict[str, Floats]:
        """Return the gradients by name, from that by the output."""
        dx = self.backward(d)
        return {"x": dx, "W": self.dW, "v": self.dv}


@dataclass(frozen=True)
class Drawn:
    """A function that was drawn.

    Attributes
    ----------
    layer : Composition
    dtype : str
    number : int
        The seed of its cotangents.
    telling : float
        How far the output changes with each array, at least, over how far it should to be told: 1
        at most.
    """

    layer: Composition
    dtype: str
    number: int
    telling: float


def compositions(count: int, seed: int) -> Iterator[Drawn]:
    """Yield random functions in both dtypes in turn.

    No step makes a value above a thousand, the sine of which float32 can hardly tell.
    """
    number = 0
    while count:
        number += 1
        dtype = "float64" if number % 2 else "float32"
        layer = Composition(np.random.default_rng([seed, number]), dtype)
        with np.errstate(all="ignore"):
            y = layer.forward(layer.x)
            found = layer.gradients(cotangents(y.shape, number, dtype))
        arrays = {"x": layer.x, "W": layer.W, "v": layer.v}
        if not all(np.abs(v).max() < LARGEST for v in layer.kept):
            continue
        moved = min(np.abs(g).max() * np.abs(arrays[name]).max() for name, g in found.items())
        count -= 1
        yield Drawn(layer, dtype, number, min(1.0, moved / (TELLING * np.abs(y).sum())))


def cotangents(shape: tuple[int, ...], seed: int, dtype: str) -> Floats:
    """Return the derivatives by the output that the checker draws from a seed."""
    rng = np.random.default_rng(seed)
    values = rng.uniform(0.5, 1.5, shape) * rng.choice([-1.0, 1.0], shape)
    return np.asarray(values.astype(dtype))


def spoil(drawn: Drawn) -> None:
    """Let one entry of one gradient, not a negligible one, be wrong."""
    layer, dtype, rng = drawn.layer, drawn.dtype, np.random.default_rng(drawn.number)
    found = layer.gradients(cotangents(layer.forward(layer.x).shape, drawn.number, dtype))
    name = str(rng.choice(list(found)))
    size = np.abs(found[name]).reshape(-1)
    visible = np.flatnonzero(size >= VISIBLE * size.max())
    wrong = min(1.0, WRONG[dtype] / drawn.telling)
    layer.spoiled = name, int(rng.choice(visible)), wrong * float(rng.choice([-1.0, 1.0]))


def prove(count: int, seed: int, mode: Any = "full") -> tuple[list[Report], list[Report]]:
    """Return the reports of right gradients that are not ok, and of wrong ones that are."""
    alarms, missed = [], []
    for drawn in compositions(count, seed):
        layer, number = drawn.layer, drawn.number
        allow = ("too noisy",) if drawn.telling < 1.0 else ()
        report = gradcheck(layer, layer.x, seed=number, mode=mode, allow=allow)
        if not report.ok:
            alarms.append(report)
        spoil(drawn)
        report = gradcheck(layer, layer.x, seed=number, mode=mode)
        if report.ok:
            missed.append(report)
    return alarms, missed


def main() -> int:
    """Print the counts; return 1 where one is not 0."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=2000, help="how many functions")
    parser.add_argument("--seed", type=int, default=0, help="of the draws")
    options = parser.parse_args()
    alarms, missed = prove(options.count, options.seed)
    for report in [*alarms[:5], *missed[:5]]:
        print(report)
    print(
        f"{options.count} functions: {len(alarms)} false alarms; of as many gradients wrong by "
        f"1e-6 (float64) or 1e-3 (float32) at one entry, {len(missed)} pass"
    )
    return int(bool(alarms or missed))


if __name__ == "__main__":
    sys.exit(main())
