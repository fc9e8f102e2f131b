"""What the gradient of a network costs by each way, over the number of its parameters."""

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from backends import Backend
from backprop.networks import TwoLayerNet
from backprop.timing import alternate

SIZES = ((4, 2), (10, 5), (25, 10), (50, 20), (100, 50), (250, 50), (784, 50), (784, 100))
_LONGEST_LOOP = 0.5  # seconds; a longer loop is estimated from its forward passes


@dataclass(frozen=True)
class Cost:
    """Median seconds of one gradient of a D-H-10 network.

    Attributes
    ----------
    size : str
        ``"784-50-10"``.
    parameters : int
        How many.
    backprop, fast, loop : float
        By backpropagation, by the fast numerical way, and by the plain loop of two forward passes
        a parameter.
    estimated : bool
        Whether the loop was too long to run: then it is the time of that many forward passes.
    """

    size: str
    parameters: int
    backprop: float
    fast: float
    loop: float
    estimated: bool


def gradient_costs(
    backend: Backend,
    sizes: Sequence[tuple[int, int]] = SIZES,
    batch: int = 100,
    dtype: str = "float64",
    seconds: float = 1.0,
) -> Iterator[Cost]:
    """Yield the costs for networks of D inputs and H hidden units, the ways taking turns.

    Parameters
    ----------
    backend : Backend
        Where.
    sizes : sequence of (D, H)
        Networks.
    batch : int
        Samples, of random numbers none of which is 0.
    dtype : str
        Of the network.
    seconds : float
        About how long to measure each network.
    """
    rng = backend.rng(0)
    for inputs, hidden in sizes:
        net = TwoLayerNet(inputs, hidden, 10, 0.1, backend=backend, dtype=dtype, seed=0)
        wide = net.to(dtype="float64") if dtype != "float64" else net
        x = backend.asarray(rng.random((batch, inputs)) + 0.1, dtype)
        t = backend.asarray(rng.integers(0, 10, batch))
        parameters = sum(math.prod(p.shape) for p in net.params.values())
        ways: dict[str, Callable[[], Any]] = {
            "backprop": partial(net.gradient, x, t),
            "fast": partial(net.numerical_gradient, x, t),
            "loss": partial(wide.loss, x, t),
        }
        estimate = 2 * parameters * _median(backend, {"loss": ways["loss"]}, 0.02)["loss"]
        estimated = estimate > _LONGEST_LOOP
        if not estimated:
            del ways["loss"]
            ways["loop"] = partial(net.numerical_gradient, x, t, method="elementwise")
        times = _median(backend, ways, seconds)
        loop = 2 * parameters * times["loss"] if estimated else times["loop"]
        size = f"{inputs}-{hidden}-10"
        yield Cost(size, parameters, times["backprop"], times["fast"], loop, estimated)


def _median(
    backend: Backend, ways: dict[str, Callable[[], Any]], seconds: float
) -> dict[str, float]:
    def synchronized(call: Callable[[], Any]) -> Callable[[], None]:
        def run() -> None:
            call()
            backend.synchronize()

        return run

    return alternate({name: synchronized(call) for name, call in ways.items()}, seconds, least=3)


def exponent(costs: Sequence[Cost], way: str) -> float:
    """Return the slope of log time over log parameters, for the larger half of the networks.

    Small networks tell only what a call costs.
    """
    larger = costs[len(costs) // 2 :] if len(costs) > 3 else costs
    points = [(math.log(c.parameters), math.log(getattr(c, way))) for c in larger]
    slopes = [
        (y2 - y1, x2 - x1) for (x1, y1), (x2, y2) in itertools.combinations(points, 2) if x2 != x1
    ]
    return sum(dy * dx for dy, dx in slopes) / sum(dx * dx for _, dx in slopes)
