"""Which coordinates are compared: all where it takes seconds, else those that tell the most."""

import math
import time
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from backends import Array
from backprop.gradients.compare import entry
from backprop.gradients.task import Task
from backprop.numerical.phi import NetworkPhi, Phi, Way
from backprop.numerical.pieces import (
    among_nonzero,
    finite,
    flat_host,
    largest,
    norm,
    product,
    top,
)
from backprop.targets.objects import is_known_array

Indices = npt.NDArray[np.intp]

_SHORTEST = 1 << 13  # the smallest entry of a direction; the largest is twice that
_MOST = 20  # evaluations of φ for a coordinate, at most, where it takes no time to speak of
_PILOT = 4, 12  # coordinates that are compared to see what one takes
_LONG = 400  # evaluations that such a look may take
_FEWEST = 4  # coordinates of each array, however slow φ is
_TIMED = 3
_SWEPT = 200_000  # parameters of a network of which a sweep takes seconds
_CLEAR = 1e-6  # a directional slope that is off by this share is worth a search


@dataclass(frozen=True)
class Cost:
    """What a comparison takes: evaluations of φ for an array and for each of its coordinates."""

    array: float = 100.0
    coordinate: float = 6.0

    def total(self, arrays: int, coordinates: int) -> float:
        """Return the evaluations for so many."""
        return arrays * self.array + coordinates * self.coordinate


@dataclass
class Plan:
    """What is compared of each gradient.

    Attributes
    ----------
    mode : str
        ``"full"``, ``"sampled"`` or ``"directional"``.
    which : dict of str to array of int
        The coordinates; all where there is no entry.
    ways : dict of str to array
        The directions.
    notes : list of str
        Why it is not all.
    cost : Cost
        What it takes.
    """

    mode: str
    which: dict[str, Indices] = field(default_factory=dict)
    ways: dict[str, Way] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    cost: "Cost" = field(default_factory=lambda: Cost())

    def of(self, name: str) -> tuple[Indices | None, Way | None]:
        """Return the coordinates and the direction for a gradient; None for all and for none."""
        return self.which.get(name), self.ways.get(name)


def plan(task: Task, mode: str, names: list[str], samples: int, seconds: float) -> Plan:
    """Return what to compare in a mode, within a time where the mode is ``"auto"``.

    Parameters
    ----------
    task : Task
        The gradients and φ.
    mode : str
        As in `gradcheck`.
    names : list of str
        The gradients.
    samples : int
        Coordinates of each array in mode ``"sampled"``.
    seconds : float
        About how long mode ``"auto"`` may take.
    """
    sizes = {name: math.prod(task.phi.places[name].get().shape) for name in names}
    if mode == "directional":
        return Plan(mode, ways={name: _direction(task, size) for name, size in sizes.items()})
    if mode == "full":
        return Plan(mode)
    notes, cost = [], Cost()
    if mode == "auto":
        total, one = sum(sizes.values()), task.seconds
        swept = isinstance(task.phi, NetworkPhi) and total <= _SWEPT
        if swept or total * _MOST * one <= seconds:
            return Plan("full")
        if _LONG * one <= seconds:
            cost, one = _measured(task, max(sizes, key=lambda name: sizes[name]))
        needed = one * cost.total(len(sizes), total)
        if needed <= seconds:
            return Plan("full", cost=cost)
        fit = (seconds / one - len(sizes) * cost.array) / cost.coordinate
        samples = max(_FEWEST, _share(sorted(sizes.values()), int(fit)))
        notes.append(
            f"all {total:,} coordinates would take about {_duration(needed)}; "
            f"at most {samples:,} of each array were compared (mode='full', seconds=)"
        )
    which = {
        name: _sample(task, name, size, samples) for name, size in sizes.items() if size > samples
    }
    return Plan("sampled", which=which, notes=notes, cost=cost)


def _measured(task: Task, name: str) -> tuple[Cost, float]:
    """Return what comparisons take, seen at a few coordinates, and the seconds of an evaluation."""
    size = math.prod(task.phi.places[name].get().shape)
    value = task.phi.value
    counts: list[int] = []

    def counted() -> object:
        counts[-1] += 1
        return value()

    own = replace(task, rng=np.random.default_rng(0))  # draws no other samples than else
    start = time.perf_counter()
    try:
        task.phi.value = counted
        for few in _PILOT:
            counts.append(0)
            entry(own, name, own.rng.choice(size, min(size, few), replace=False), None)
    finally:
        task.phi.value = value
    took = time.perf_counter() - start
    few, more = _PILOT
    each = max(0.5, (counts[1] - counts[0]) / (more - few))
    array, each, one = task.phi.agreed(
        [max(0.0, counts[0] - few * each), each, took / max(1, sum(counts))]
    )
    return Cost(array, each), one


def _share(sizes: list[int], total: int) -> int:
    """Return how many of each array can be had, where small ones leave theirs to others."""
    share = 0
    for i, size in enumerate(sizes):
        share = total // (len(sizes) - i)
        total -= min(size, share)
    return max(share, 0)


def evaluations(task: Task, plan: Plan) -> int:
    """Return how often φ will be evaluated, about."""
    places = task.phi.places.items()
    counts = (
        plan.which[k].size if k in plan.which else math.prod(p.get().shape) for k, p in places
    )
    return int(plan.cost.total(len(places), 1 if plan.ways else sum(counts)))


def seconds_of(phi: Phi) -> float:
    """Return how long one evaluation of φ takes, in the first of several processes."""
    times = []
    for _ in range(_TIMED):
        start = time.perf_counter()
        phi.value()
        times.append(time.perf_counter() - start)
    return float(phi.agreed(max(min(times), 1e-9)))


def _duration(seconds: float) -> str:
    for size, unit in ((3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds"


def _direction(task: Task, size: int) -> Way:
    """Return a direction, in whole numbers that are small in memory; none of them is near 0."""
    way = _signs(task, size)
    way *= task.rng.integers(_SHORTEST, 2 * _SHORTEST, size, dtype=np.int16)
    return way


def _signs(task: Task, size: int) -> Way:
    signs = task.rng.integers(0, 2, size, dtype=np.int16)
    signs *= 2
    signs -= 1
    return signs


def _sample(task: Task, name: str, size: int, samples: int) -> Indices:
    """Return coordinates: found off by halves, large, not zero, and by chance."""
    gradient = task.wide.get(name)
    if gradient is None or not is_known_array(gradient) or math.prod(gradient.shape) != size:
        return np.arange(min(size, samples))
    chosen = _suspects(task, name, gradient) if finite(gradient) else []
    chosen += top(gradient, max(1, samples // 4)).tolist()
    chosen += among_nonzero(gradient, samples // 2, task.rng).tolist()
    chosen += task.rng.choice(size, min(size, samples), replace=False).tolist()
    first = list(dict.fromkeys(int(i) for i in chosen))[:samples]
    return np.sort(np.asarray(first, dtype=np.intp))


def _suspects(task: Task, name: str, gradient: Array) -> list[int]:
    """Return coordinates at which the gradient is off, found by halves along random signs."""
    values = flat_host(gradient)
    signs = _signs(task, values.size)

    def off(part: slice) -> float:
        way = np.zeros_like(signs)
        way[part] = signs[part]
        length = norm(way)
        found = task.phi.along(name, way, task.step, 0)
        slope, error = float(found.value[0]), float(found.spread[0])
        error += 2.0 * task.phi.rounding(name) / float(found.step[0])
        difference = abs(slope * length - product(values, way))
        size = largest(values[part])
        return difference if difference > 4.0 * error * length + _CLEAR * size else 0.0

    part = slice(0, values.size)
    if not off(part):
        return []
    while part.stop - part.start > 1:
        middle = (part.start + part.stop) // 2
        halves = slice(part.start, middle), slice(middle, part.stop)
        found = [off(half) for half in halves]
        if not any(found):
            break
        part = halves[int(np.argmax(found))]
    return list(range(part.start, min(part.stop, part.start + 2)))
