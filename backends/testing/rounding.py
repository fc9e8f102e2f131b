"""Which results are rounding and nothing else: NumPy's own runs in float32 and float64 tell."""

from functools import cached_property
from typing import Any

import numpy as np

from .comparison import Tolerance
from .reference import Call, is_number, is_numpy
from .structure import Parts

_EPS = float(np.finfo("float32").eps)
_STEPS = 4  # of the last place, by which data are moved
_RUNS = 4
_FACTOR = 30.0  # between the rounding of two libraries that add in another order


class Rounding:
    """What a call gives on NumPy in float32, beside what it gives in float64 for the same data.

    Run only where a row differs; and again for data moved by a few units in the last place of
    float32, for the two may be alike by chance, or differ by it.
    """

    def __init__(self, call: Call) -> None:
        self.call = call

    @cached_property
    def runs(self) -> list[tuple[Parts, Parts]]:
        """Float32 and float64, for the data and for moved ones; empty if float32 raises."""
        try:
            with np.errstate(all="ignore"):
                return [
                    (self.call.on_numpy(_Moved(seed)), self.call.on_numpy(_Moved(seed, wide=True)))
                    for seed in range(_RUNS)
                ]
        except Exception:  # whatever it is, then nothing is known
            return []

    def noise(self, place: str, expected: Any) -> float | None:
        """Return how far the two are apart at a place, if no digit there is more than rounding.

        None if they have one in common, or are further apart than rounding takes values that are
        as large as the inputs.
        """
        found = [_pair(narrow, wide, place) for narrow, wide in self.runs]
        pairs = [pair for pair in found if pair is not None]
        size = _largest(expected)
        if not found or len(pairs) < len(found) or not np.isfinite(expected).all():
            return None
        apart = max(_largest(narrow - wide) for narrow, wide in pairs)
        data = [_largest(x) for _, x in self.call.data if x.dtype.kind in "fc"]
        most = Tolerance().of("float32")[1] * max(1.0, *data)
        return apart if size <= apart <= most else None

    def tolerance(self, tolerance: Tolerance, place: str, expected: Any) -> Tolerance:
        """Return a tolerance that lets rounding alone off, as far as it goes in each dtype."""
        if np.asarray(expected).dtype.kind not in "fc":
            return tolerance
        noise = self.noise(place, np.asarray(expected))
        return tolerance if noise is None else tolerance.or_else(noise * _FACTOR)

    def step(self, place: str, expected: Any) -> Any:
        """Return what NumPy gives in float32 where values are steps, whole numbers or truths.

        A value that lies at the edge of a step falls on either side by rounding. None where
        `expected` is no such thing, or away from the edge the two differ as well.
        """
        expected = np.asarray(expected)
        found = [tuple(run.leaves.get(place) for run in pair) for pair in self.runs]
        pairs = [tuple(map(np.asarray, pair)) for pair in found if all(map(_is_value, pair))]
        each = [expected, *(x for pair in pairs for x in pair)]
        if not found or len(pairs) < len(found) or not all(map(_is_whole, each)):
            return None
        if {(x.shape, x.dtype.kind) for x in each} != {(expected.shape, expected.dtype.kind)}:
            return None
        step = pairs[0][0].astype(expected.dtype)
        off_the_edge = np.any([narrow == wide for narrow, wide in pairs[1:]], axis=0)
        return step if np.all(off_the_edge | (step == expected)) else None


class _Moved:
    """Puts floats into float32, the first time as they are, and back into float64 if `wide`."""

    def __init__(self, seed: int, wide: bool = False) -> None:
        self.random = np.random.default_rng(seed) if seed else None
        self.wide = wide

    def __call__(self, x: Any) -> Any:
        x = np.array(x)
        if x.dtype.kind not in "fc":
            return x
        if self.random is not None:
            x = x * (1 + _STEPS * _EPS * self.random.uniform(-1, 1, x.shape))
        names = ("float32", "float64") if x.dtype.kind == "f" else ("complex64", "complex128")
        x = np.asarray(x).astype(names[0])
        return x.astype(names[1]) if self.wide else x


def _pair(narrow: Parts, wide: Parts, place: str) -> tuple[Any, Any] | None:
    """Return a value of both runs, or None where they can't be compared."""
    if place not in narrow.leaves or place not in wide.leaves:
        return None
    first, second = np.asarray(narrow.leaves[place]), np.asarray(wide.leaves[place])
    if first.shape != second.shape or {first.dtype.kind, second.dtype.kind} - set("fc"):
        return None
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        return None
    return first.astype("complex128"), second.astype("complex128")


def _is_value(value: Any) -> bool:
    return is_number(value) or is_numpy(value)


def _largest(values: Any) -> float:
    return float(np.abs(values).max(initial=0.0))


def _is_whole(values: Any) -> bool:
    if values.dtype.kind in "biu":
        return True
    return bool(
        values.dtype.kind == "f" and (np.isfinite(values) & (values == np.rint(values))).all()
    )
