"""The surroundings of an array's coordinates: slopes, noise, resolution, and kinks that meet."""

import math

import numpy as np
import numpy.typing as npt

from backprop.gradients.closer import COARSEST, WIDEST
from backprop.gradients.settled import settled
from backprop.numerical.phi import ROUND_OFF, Phi, Way, jumps
from backprop.numerical.pieces import flat_host
from backprop.numerical.slopes import Slopes
from backprop.numerical.steps import FINEST, REFINEMENT, step_for

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

_BULK = 512  # an array of more entries is first looked at over one step
# Distances, in steps, of values that measure noise: over even ones, rounding may leave no trace.
_UNEVEN = np.array([0.37, 0.91, 1.73, 2.29, 3.11, 3.83, 4.61, 5.47])
_POWERS = np.vander(_UNEVEN, 4)
_CUBIC = _POWERS @ np.linalg.pinv(_POWERS)  # from values to the cubic that fits them best
_STILL = 0.25  # the share of values alike that shows that φ moves in steps
_JUMPS = 4  # so many of its moves tell whether it stands still between them
_SCAN = 65  # values on a line that tell the steps in which φ moves
_ALIKE = 6  # so few values of eight tell that φ hardly moves
_REACH = 64.0  # how many magnitudes away it is looked for where it does
_CLOSER = 10  # how often it is looked for between closer values
_AROUND = 2  # with so many on both sides
_SIMILAR = 8.0  # by what factor moves differ at most that are those of rounding
_APART = 2.0 ** np.arange(-4.0, 6.25, 0.25)  # distances, in steps, that tell kinks apart
_MOVED = 3  # how often the point is moved a little, for that


class Surroundings:
    """φ around some coordinates of an array, or along a direction.

    Parameters
    ----------
    phi : Phi
        The function.
    name : str
        The array.
    indices : array of int, shape (n,)
        The coordinates; where there is a direction, one that stands for it.
    way : array or None
        The direction.
    step : float or None
        The smaller step; chosen from the dtype and the magnitudes if None.
    rng : numpy.random.Generator
        Moves the point a little where kinks meet.
    """

    def __init__(
        self,
        phi: Phi,
        name: str,
        indices: Indices,
        way: Way | None,
        step: float | None,
        rng: np.random.Generator,
    ) -> None:
        self.phi, self.name, self.indices, self.way = phi, name, indices, way
        self.step, self.rng = step, rng

    def look(self, level: float, which: Indices) -> Slopes:
        """Return the slopes at some of the coordinates, on a level of refinement."""
        if self.way is not None:
            return self.phi.along(self.name, self.way, self.step, level)
        indices = self.indices[which]
        if level != 0 or which.size <= _BULK:
            return self.phi.at(self.name, indices, self.step, level)
        return self.phi.at(self.name, indices, self.step, level, two=True)

    @property
    def coarsest(self) -> int:
        """The coarsest level: steps no larger than the magnitude by far."""
        if self.step is not None:
            return COARSEST
        base = step_for(self.phi.eps_of(self.name))
        return -int(math.log(WIDEST / base, REFINEMENT)) if base < WIDEST else 0

    def noise(self, i: int) -> float:
        """Return by how much φ changes by chance: what a cubic leaves over of values on a line.

        Where φ bends, a finer level leaves 16⁴ times less; where there is noise, as much; and
        where φ moves in steps nothing is left on a level that is finer than they are.
        """
        step = self._step(i)
        first = self._sides(i, step)
        left = settled(
            lambda level: _left(self._sides(i, step / REFINEMENT**level) if level else first),
            self.phi.rounding(self.name),
            range(FINEST + 1),
        )
        if any(np.unique(values).size > _ALIKE for values in first):
            return left
        return max(left, ROUND_OFF * self._grain(i))

    def _grain(self, i: int) -> float:
        """Return the least by which φ moves, if it moves in steps, where it hardly does so; else 0.

        So it does where it saturates: it is rounded from larger terms, as the logarithm of a
        probability near 1 is. Farther steps tell how finely.
        """
        spread, reach = np.linspace(-1.0, 1.0, _SCAN), _SCAN // 2 * self._step(i)
        while reach <= _REACH * max(1.0, self._magnitude(i)):
            moved = self._moves(i, reach * spread)
            if np.count_nonzero(moved) >= _JUMPS:
                return self._pitch(i, reach * spread, moved)
            reach *= REFINEMENT
        return 0.0

    def _pitch(self, i: int, distances: Floats, moved: Floats) -> float:
        """Return the least of several moves alike, with distances between at which φ stands still.

        Looked for between ever closer values, where φ begins to move.
        """
        for _ in range(_CLOSER):
            if not np.isfinite(moved).all():
                return 0.0
            where = np.flatnonzero(moved)
            if where.size < 2:
                return 0.0
            still = float((moved[where[0] : where[-1] + 1] == 0.0).mean())
            sizes = np.abs(moved[where])
            if still > _STILL:
                return float(sizes.min()) if np.median(sizes) <= _SIMILAR * sizes.min() else 0.0
            near = where[np.abs(distances[where] + distances[where + 1]).argmin()]
            low, high = max(0, near - _AROUND), min(distances.size - 1, near + 1 + _AROUND)
            distances = np.linspace(distances[low], distances[high], _SCAN)
            moved = self._moves(i, distances)
        return 0.0

    def _moves(self, i: int, distances: Floats) -> Floats:
        with np.errstate(invalid="ignore"):  # where φ overflows
            return np.diff(self._along(i, distances))

    def _along(self, i: int, distances: Floats) -> Floats:
        return self.phi.line(self.name, int(self.indices[i]), self.way, distances)

    def _sides(self, i: int, step: float) -> list[Floats]:
        return [self._along(i, side * step * _UNEVEN) for side in (1.0, -1.0)]

    def _step(self, i: int) -> float:
        if self.step is not None:
            return self.step
        if self.way is not None:
            return self.phi.stride(self.name)
        base = step_for(self.phi.eps_of(self.name))
        return base * max(1.0, self._magnitude(i))

    def _magnitude(self, i: int) -> float:
        """Return how large the coordinate is; along a direction, how large the step takes it."""
        if self.way is not None:
            return self.phi.stride(self.name) / step_for(self.phi.eps_of(self.name))
        return abs(float(flat_host(self.phi.places[self.name].get())[self.indices[i]]))

    def resolution(self, i: int, level: int) -> float:
        """Return by how much φ moves at the least, if it moves in steps; else 0.

        `level` is one on which it stands still.
        """
        for coarser in range(level, COARSEST - 1, -1):
            spacing = self._step(i) / float(REFINEMENT) ** coarser
            distances = spacing * (np.arange(_SCAN, dtype=np.float64) - _SCAN // 2)
            values = self._along(i, distances)
            moved = np.abs(np.diff(values))
            if np.isfinite(moved).all() and np.count_nonzero(moved) >= _JUMPS:
                steps = np.flatnonzero(moved)
                still = float((moved[steps[0] : steps[-1] + 1] == 0.0).mean())
                apart = np.count_nonzero(np.diff(steps) > 1) + 1 >= _JUMPS  # no flat part of a ramp
                return float(moved[moved > 0].min()) if still > _STILL and apart else 0.0
        return 0.0

    def jumps(self, i: int) -> tuple[float, float]:
        """Return the sums of the jumps of kinks that meet in a coordinate: up, down."""
        step, noise = self._step(i), self.phi.rounding(self.name)
        distances: Floats = step * np.concatenate([-_APART[::-1], _APART])
        found = []
        for _ in range(_MOVED):
            with self.phi.displaced(step, self.rng):
                values = self._along(i, distances)
            found.append(jumps(values, distances, noise))
        return max(up for up, _ in found), max(down for _, down in found)


def _left(sides: list[Floats]) -> float:
    """Return what a cubic leaves over on the quieter side: a kink has the other to itself."""
    found = []
    for values in sides:
        with np.errstate(all="ignore"):  # where φ overflows there is nothing to be told
            rest = values - _CUBIC @ values
            found.append(4.0 * math.sqrt(float(rest @ rest) / (_UNEVEN.size - 4)))
    return min(found)
