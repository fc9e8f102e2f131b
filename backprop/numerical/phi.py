"""φ, the function that is differentiated numerically, with its arrays changed."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from backends import Array, namespace
from backprop.arrays import is_array, is_floating
from backprop.numerical.perturb import Place, along, at_entries, moved, on_host
from backprop.numerical.pieces import Slab, flat64, flat_host, norm
from backprop.numerical.sharing import ALIKE, check_alike, put_together
from backprop.numerical.slopes import FACTORS, Slopes, slopes
from backprop.numerical.steps import REFINEMENT, step_for
from backprop.parallel import Communicator, share_of

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]
Way = npt.NDArray[np.int16]
"""A direction, flat and of any length."""

ROUND_OFF = 4.0
"""A difference of two values of φ is rounded by about this many eps of the terms' sum."""

_BENT = 1e-3  # of the largest: a bend that is less is a curve and no kink
_WORTHWHILE = 4  # a sweep over all entries costs about a fourth of as many forward passes


class Phi:
    """φ as a function of named arrays.

    Parameters
    ----------
    places : dict of str to Place
        The arrays.
    value : callable
        Evaluates φ: a 0-d array or a number.
    scale : float
        Σ |v y|.
    communicator : Communicator, optional
        Processes that share the evaluations, each with a φ of its own; all of them get all values.

    Raises
    ------
    ValueError
        When φ is not finite, or not the same in all processes.
    """

    def __init__(
        self,
        places: dict[str, Place],
        value: Callable[[], Any],
        scale: float,
        communicator: Communicator | None = None,
    ) -> None:
        self.places, self.value, self._communicator = places, value, communicator
        base = value()
        self.base = float(on_host([base])[0])
        if not math.isfinite(self.base):
            raise ValueError(f"the output must be finite to be differentiated; got {self.base}")
        self._check_alike()
        self.scale = max(scale, abs(self.base))
        own = is_array(base) and is_floating(base)
        self.eps = float(namespace(base).finfo(base.dtype).eps) if own else 2.0**-52

    def _check_alike(self) -> None:
        """Raise a ValueError, in all processes, unless φ is the same in all of them."""
        if self._communicator is None:
            return
        first = self.agreed(self.base)
        other = not math.isclose(first, self.base, rel_tol=ALIKE)
        if self._communicator.total(np.asarray([other * 1.0])):
            where = f"{self.base} here" if other else "another elsewhere"
            said = f"all processes must check the same function; it is {first} in the first one"
            raise ValueError(f"{said} and {where}")
        check_alike(self._communicator, {name: p.get() for name, p in self.places.items()})

    def eps_of(self, name: str) -> float:
        """Return the spacing of the coarser dtype of the two: an array's and that of φ."""
        x = self.places[name].get()
        return max(self.eps, float(namespace(x).finfo(x.dtype).eps))

    def rounding(self, name: str) -> float:
        """Return by how much rounding alone must be expected to change a difference of values."""
        return ROUND_OFF * self.eps_of(name) * self.scale

    def changes(self, name: str, indices: Indices, distances: Floats) -> tuple[Floats, Floats]:
        """Return φ - φ(0) with one entry moved, and how far it went, for each of m moves."""

        def some(share: slice) -> tuple[Floats, Floats]:
            moves = zip(indices[share].tolist(), distances[share].tolist(), strict=True)
            with np.errstate(all="ignore"):  # steps may lead where a function overflows
                values, gone = at_entries(self.places[name], moves, self.value)
            return on_host(values) - self.base, gone

        changes, gone = self._shared(indices.size, some)
        return changes, gone

    def agreed(self, value: Any) -> Any:
        """Return what the first process has for a value that each of them would find by itself."""
        return value if self._communicator is None else self._communicator.from_first(value)

    def _shared(self, count: int, some: Callable[[slice], Sequence[Floats]]) -> Sequence[Floats]:
        """Return what `some` gives for so many moves; each process evaluates its share of them."""
        if self._communicator is None:
            return some(slice(0, count))
        start, stop = share_of(self._communicator, count)
        own = np.stack(some(slice(start, stop)))
        found = np.zeros((own.shape[0], count))
        found[:, start:stop] = own
        return list(put_together({"": found}, self._communicator)[""])

    def at(
        self, name: str, which: Indices, step: float | None, level: float, two: bool = False
    ) -> Slopes:
        """Return the slopes by entries of an array, by flat indices.

        Parameters
        ----------
        name : str
            The array.
        which : array of int, shape (n,)
            The entries.
        step : float or None
            The smaller step; if None, chosen from the dtype and each entry's magnitude.
        level : float
            How often the step is made finer; coarser if negative.
        two : bool
            Evaluate over the smaller step alone: then nothing tells how good the slopes are.
        """
        host = np.abs(flat_host(self.places[name].get())[which].astype(np.float64))
        size = step_for(self.eps_of(name)) if step is None else step
        size /= REFINEMENT**level
        h = size * np.maximum(host, 1.0) if step is None else np.full(which.shape, size)
        factors = FACTORS[:2] if two else FACTORS
        distances = np.concatenate([factor * h for factor in factors])
        changes, gone = self.changes(name, np.tile(which, len(factors)), distances)
        changes, gone = (v.reshape(len(factors), -1) for v in (changes, gone))
        if two:  # as if the function were a parabola
            curve = 2.0 * (changes[0] + changes[1])
            change = changes[0] - changes[1]
            changes = np.concatenate([changes, [curve + change], [curve - change]])
            gone = np.concatenate([gone, 2.0 * gone])
        return slopes(changes, gone)

    def stride(self, name: str) -> float:
        """Return the smaller step along a direction: it fits the magnitudes of the array."""
        x = self.places[name].get()
        size = norm(x) / math.sqrt(max(1, math.prod(x.shape)))
        return step_for(self.eps_of(name)) * max(1.0, size)

    def along(self, name: str, way: Way, step: float | None, level: float) -> Slopes:
        """Return the slope along a direction, a flat array; parameters as in `at`."""
        h = (self.stride(name) if step is None else step) / REFINEMENT**level
        distances = np.asarray([factor * h for factor in FACTORS])
        changes = self._along(name, way, distances)
        return slopes(changes.reshape(4, 1), distances.reshape(4, 1))

    def _along(self, name: str, way: Way, distances: Floats) -> Floats:
        def some(share: slice) -> Sequence[Floats]:
            with np.errstate(all="ignore"):
                values = along(self.places[name], way, distances[share].tolist(), self.value)
            return [on_host(values) - self.base]

        (changes,) = self._shared(distances.size, some)
        return changes

    def line(self, name: str, index: int, way: Way | None, distances: Floats) -> Floats:
        """Return the changes at distances along one entry, or along a direction if there is one."""
        if way is not None:
            return self._along(name, way, distances)
        return self.changes(name, np.full(distances.shape, index), distances)[0]

    @contextmanager
    def displaced(
        self, size: float, rng: np.random.Generator, relative: bool = False
    ) -> Iterator[None]:
        """Move all arrays a little for a while, so that kinks which met in a point lie apart."""
        with ExitStack() as stack:
            for place in self.places.values():
                own = np.broadcast_to(0.0, tuple(place.get().shape))

                def by(where: Slab, own: Floats = own) -> Floats:
                    return np.asarray(size * rng.standard_normal(own[where].shape))

                stack.enter_context(moved(place, by, relative))
            yield


class NetworkPhi(Phi):
    """The loss of a `Network`, whose changes for all entries come from one sweep.

    Parameters
    ----------
    net : Network
        A copy, whose parameters may be changed.
    x, t : array
        Inputs and labels.
    sweep : callable
        From offsets to the changes by every entry of every parameter.
    """

    def __init__(
        self,
        places: dict[str, Place],
        value: Callable[[], Any],
        scale: float,
        sweep: Callable[[tuple[float, ...]], dict[str, Array]],
        communicator: Communicator | None = None,
    ) -> None:
        super().__init__(places, value, scale, communicator)
        self._sweep = sweep
        self._known: dict[tuple[float, ...], dict[str, Floats]] = {}
        self.size = sum(math.prod(place.get().shape) for place in places.values())

    def at(
        self, name: str, which: Indices, step: float | None, level: float, two: bool = False
    ) -> Slopes:
        """Return the slopes by entries; from a sweep where many are asked for."""
        h = (step_for(self.eps_of(name)) if step is None else step) / REFINEMENT**level
        offsets = tuple(factor * h for factor in FACTORS)
        if offsets not in self._known and _WORTHWHILE * which.size < self.size:
            return super().at(name, which, step, level, two)
        if offsets not in self._known:
            self._known[offsets] = {
                key: flat64(change).reshape(len(offsets), -1)
                for key, change in self._sweep(offsets).items()
            }
        distances = np.repeat(np.asarray(offsets)[:, None], which.size, axis=1)
        return slopes(self._known[offsets][name][:, which], distances)


def jumps(values: Floats, distances: Floats, noise: float) -> tuple[float, float]:
    """Return the sums of the jumps of the slope, upwards and downwards, over values on a line.

    Parameters
    ----------
    values, distances : array, shape (m,)
        φ, and where, in rising order.
    noise : float
        By how much rounding changes a value.
    """
    lengths = np.diff(distances)
    bends = np.diff(np.diff(values) / lengths)
    unsure = 8.0 * noise * (1.0 / lengths[1:] + 1.0 / lengths[:-1])
    bends = bends[np.abs(bends) > np.maximum(unsure, _BENT * np.abs(bends).max(initial=0.0))]
    return float(bends[bends > 0].sum()), float(-bends[bends < 0].sum())
