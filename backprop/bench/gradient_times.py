"""Time of one gradient by each method, against the size of the network."""

import math
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from backends import Backend, FloatDType
from backprop.bench.timing import alternate
from backprop.networks import TwoLayerNet

SIZES = ((4, 2), (10, 5), (25, 10), (50, 20), (100, 50), (250, 50), (784, 50), (784, 100))
METHODS = ("backprop", "fast", "loop")
_LONGEST_LOOP = 0.5  # seconds; the time of a longer loop is estimated from its forward passes
_FEWEST_TO_HALVE = 4  # networks; of fewer, all go into the fit

Call = Callable[[], object]


@dataclass(frozen=True)
class GradientTimes:
    """Median seconds of one gradient of a D-H-10 network.

    Attributes
    ----------
    size : str
        ``"784-50-10"``.
    parameters : int
        Number of parameters.
    backprop : float
        Seconds by backpropagation.
    fast : float
        Seconds by the fast numerical gradient.
    loop : float
        Seconds by the plain loop of two forward passes for each parameter.
    estimated : bool
        Whether the loop was too long to run: `loop` is then the time of that many forward passes.
    """

    size: str
    parameters: int
    backprop: float
    fast: float
    loop: float
    estimated: bool


def time_gradients(
    backend: Backend,
    sizes: Sequence[tuple[int, int]] = SIZES,
    batch: int = 100,
    dtype: FloatDType = "float64",
    seconds: float = 1.0,
) -> Iterator[GradientTimes]:
    """Yield the times for networks of D inputs and H hidden units, the methods taking turns.

    Parameters
    ----------
    backend : Backend
        Library and device of the networks.
    sizes : sequence of (D, H)
        Networks to time.
    batch : int
        Number of samples: random numbers, none of which is 0.
    dtype : str or dtype
        Floating dtype of the networks.
    seconds : float
        Time to spend on each network, about.
    """
    rng = backend.rng(0)
    for inputs, hidden in sizes:
        net = TwoLayerNet(inputs, hidden, 10, 0.1, backend=backend, dtype=dtype, seed=0)
        wide = net.to(dtype=backend.widest)  # what the loop evaluates
        x = backend.asarray(rng.random((batch, inputs)) + 0.1, dtype)
        t = backend.asarray(rng.integers(0, 10, batch))
        parameters = sum(math.prod(p.shape) for p in net.params.values())
        loss = partial(wide.loss, x, t)
        forward = _medians(backend, {"loss": loss}, 0.02)["loss"]
        estimated = 2 * parameters * forward > _LONGEST_LOOP
        calls: dict[str, Call] = {
            "backprop": partial(net.gradient, x, t),
            "fast": partial(net.numerical_gradient, x, t),
            "loop": partial(net.numerical_gradient, x, t, method="elementwise"),
        }
        if estimated:
            calls["loop"] = loss
        times = _medians(backend, calls, seconds)
        if estimated:
            times["loop"] *= 2 * parameters
        yield GradientTimes(f"{inputs}-{hidden}-10", parameters, estimated=estimated, **times)


def _medians(backend: Backend, calls: Mapping[str, Call], seconds: float) -> dict[str, float]:
    """Return the median time of each call, the wait for the device included."""

    def synchronized(call: Call) -> None:
        call()
        backend.synchronize()

    waiting = {name: partial(synchronized, call) for name, call in calls.items()}
    return alternate(waiting, seconds, least=3)


def exponent(times: Sequence[GradientTimes], method: str) -> float:
    """Return the slope of log time over log parameters, for the larger half of the networks.

    Small networks tell only what a call costs.

    Parameters
    ----------
    times : sequence of GradientTimes
        Two networks or more, of different sizes.
    method : str
        ``"backprop"``, ``"fast"`` or ``"loop"``.
    """
    larger = times[len(times) // 2 :] if len(times) >= _FEWEST_TO_HALVE else times
    parameters = [math.log(each.parameters) for each in larger]
    seconds = [math.log(getattr(each, method)) for each in larger]
    return statistics.linear_regression(parameters, seconds).slope
