"""The surroundings of an array's coordinates: slopes, noise, resolution, and kinks that meet."""

import math

import numpy as np
import numpy.typing as npt

from backprop.numerical.phi import Phi, flat, jumps
from backprop.numerical.slopes import Slopes
from backprop.numerical.steps import FINEST, REFINEMENT, step_for

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

_BULK = 512  # an array of more entries is first looked at over one step
_LINE = 11  # values on a line that measure noise; a kink touches less than half of it
_DEVIATION = 0.6745 * math.sqrt(70.0)  # the median of a fourth difference of noise of deviation 1
_STILL = 0.25  # the share of values alike that shows that φ moves in steps
_SCAN = 65  # values on a line that tell the steps in which φ moves
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
        way: Floats | None,
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

    def _line(self, i: int, spacing: float, count: int, before: int) -> Floats:
        """Return values of φ at equal distances, some of them before a coordinate."""
        distances = spacing * (np.arange(count, dtype=np.float64) - before)
        return self.phi.line(self.name, int(self.indices[i]), self.way, distances)

    def noise(self, i: int) -> float:
        """Return by how much φ changes by chance: what a cubic leaves over of values on a line.

        On finer levels less is left where φ bends; where it moves in steps, nothing is.
        """
        least = self.phi.rounding(self.name)
        found = math.inf
        for level in range(FINEST + 1):
            values = self._line(i, self._step(i) / REFINEMENT**level, _LINE, _LINE // 5)
            with np.errstate(invalid="ignore"):
                left = 4.0 * float(np.median(np.abs(np.diff(values, 4)))) / _DEVIATION
            still = float((np.diff(values) == 0.0).mean())
            if not math.isfinite(left):
                continue
            if left <= least or (still > _STILL and found > least):
                return left if found == math.inf or still == 0.0 else found
            found = min(found, left)
        return found if math.isfinite(found) else 0.0

    def _step(self, i: int) -> float:
        base = step_for(self.phi.eps_of(self.name)) if self.step is None else self.step
        if self.way is not None or self.step is not None:
            return base
        value = abs(float(flat(self.phi.places[self.name].get())[self.indices[i]]))
        return base * max(1.0, value)

    def resolution(self, i: int) -> float:
        """Return by how much φ moves at the least, if it moves in steps; else 0."""
        for level in (1, 2, 3):
            values = self._line(i, self._step(i) * REFINEMENT**level / 16.0, _SCAN, _SCAN // 2)
            moved = np.abs(np.diff(values))
            if not np.isfinite(moved).all() or not moved.any():
                continue
            after = moved[np.flatnonzero(moved)[0] : np.flatnonzero(moved)[-1] + 1]
            still = float((after == 0.0).mean())
            return float(moved[moved > 0].min()) if still > _STILL else 0.0
        return 0.0

    def jumps(self, i: int) -> tuple[float, float]:
        """Return the sums of the jumps of kinks that meet in a coordinate: up, down."""
        step, noise = self._step(i), self.phi.rounding(self.name)
        distances: Floats = step * np.concatenate([-_APART[::-1], _APART])
        found = []
        for _ in range(_MOVED):
            with self.phi.displaced(step, self.rng):
                values = self.phi.line(self.name, int(self.indices[i]), self.way, distances)
            found.append(jumps(values, distances, noise))
        return max(up for up, _ in found), max(down for _, down in found)
