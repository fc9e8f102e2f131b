"""Which results are rounding and nothing else: NumPy's own runs in float32 and float64 tell."""

from functools import cached_property
from typing import Any

import numpy as np

from .call import Call, is_number, is_numpy
from .parts import Parts

_EPS = {name: float(np.finfo(name).eps) for name in ("float32", "float64")}
_COMPLEX = {"float32": "complex64", "float64": "complex128"}
_STEPS = 4  # of the last place, by which data are moved
_RUNS = 6
_FACTOR = 30.0  # between the rounding of two libraries that add in another order
_MOST = {"float32": 1e-5, "float64": 1e-9}  # of the data: what goes further is no rounding
_MARGIN = 8.0  # so many times as far as moved data take a value


class Rounding:
    """What a call gives on NumPy in float32, beside what it gives in float64 for the same data.

    Run only where a row differs; and again for data moved by a few units in the last place, for the
    two may be alike by chance, or differ by it, and to see how far that takes each value.
    """

    def __init__(self, call: Call) -> None:
        self.call = call

    @cached_property
    def runs(self) -> list[tuple[Parts, Parts]]:
        """Float32 and float64, for the data and for moved ones; empty if float32 raises."""
        both = zip(self._run("float32", "float32"), self._run("float32", "float64"), strict=False)
        return list(both)

    @cached_property
    def moved(self) -> dict[str, list[Parts]]:
        """What float64 gives for data moved by units in the last place of a dtype."""
        return {dtype: self._run(dtype, "float64") for dtype in ("float32", "float64")}

    def _run(self, units: str, dtype: str) -> list[Parts]:
        try:
            with np.errstate(all="ignore"):
                return [self.call.on_numpy(_Moved(seed, units, dtype)) for seed in range(_RUNS)]
        except Exception:  # whatever it is, then nothing is known
            return []

    def slack(self, place: str, expected: Any, dtype: str, row: str) -> Any:
        """Return how far rounding may take the values at a place, in a dtype.

        Where they are rounding alone, and where data that are moved by a few units in the last
        place move them: there each by itself.
        """
        if expected.dtype.kind not in "fc" or dtype not in _EPS:
            return 0.0
        spread = self.spread(place, expected, dtype) if dtype == row else None
        noise = self.noise(place, expected)
        units = _EPS[dtype] / _EPS["float32"]
        return (0.0 if spread is None else spread * _MARGIN) + (noise or 0.0) * _FACTOR * units

    def spread(self, place: str, expected: Any, dtype: str) -> Any:
        """Return how far moved data move each value in float64, by units in the place of a dtype.

        None where that is more than rounding does to values as large as the data and the result,
        or the values are steps.
        """
        found = [run.at(place) for run in self.moved[dtype]]
        if not found or not all(map(_is_value, found)) or _is_whole(expected):
            return None
        values = [np.asarray(value) for value in found]
        if {(x.shape, x.dtype.kind) for x in values} != {(expected.shape, expected.dtype.kind)}:
            return None
        with np.errstate(all="ignore"):
            apart = np.max([np.abs(x - values[0]) for x in values[1:]], axis=0)
        apart = np.where(np.isnan(apart), 0.0, apart)
        most = _MOST[dtype] * max(_largest(expected), *self._sizes)
        return apart if np.all(apart <= most) else None

    @cached_property
    def _sizes(self) -> list[float]:
        return [0.0, *(_largest(x) for x in self.call.data if x.dtype.kind in "fc")]

    def noise(self, place: str, expected: Any) -> float | None:
        """Return how far float32 and float64 are apart, if no digit there is more than rounding.

        None if they have one in common, or are further apart than rounding takes values that are
        as large as the inputs, unless what float64 gives is rounding as well.
        """
        found = [_pair(narrow, wide, place) for narrow, wide in self.runs]
        pairs = [pair for pair in found if pair is not None]
        size = _largest(expected)
        if not found or len(pairs) < len(found) or not np.isfinite(expected).all():
            return None
        apart = max(_largest(narrow - wide) for narrow, wide in pairs)
        if size > apart:
            return None
        most = _MOST["float32"] * max(1.0, *self._sizes)
        if apart <= most:
            return apart
        own = self.spread(place, expected, "float64")
        return apart if own is not None and size <= _largest(own) else None

    def step(self, place: str, expected: Any) -> Any:
        """Return what NumPy gives in float32 where values are steps, whole numbers or truths.

        A value that lies at the edge of a step falls on either side by rounding. None where
        `expected` is no such thing, or away from the edge the two differ as well.
        """
        expected = np.asarray(expected)
        found = [tuple(run.at(place) for run in pair) for pair in self.runs]
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
    """Moves floats by units in the last place of a dtype, the first time by none.

    Rounded to that dtype they are handed on in another, or the same.
    """

    def __init__(self, seed: int, units: str, dtype: str) -> None:
        self.random = np.random.default_rng(seed) if seed else None
        self.units, self.dtype = units, dtype

    def __call__(self, x: Any) -> Any:
        x = np.array(x)
        if x.dtype.kind not in "fc":
            return x
        if self.random is not None:
            x = x * (1 + _STEPS * _EPS[self.units] * self.random.uniform(-1, 1, x.shape))
        for dtype in (self.units, self.dtype):
            x = np.asarray(x).astype(dtype if x.dtype.kind == "f" else _COMPLEX[dtype])
        return x


def _pair(narrow: Parts, wide: Parts, place: str) -> tuple[Any, Any] | None:
    """Return a value of both runs, or None where they can't be compared."""
    if not (_is_value(narrow.at(place)) and _is_value(wide.at(place))):
        return None
    first, second = np.asarray(narrow.at(place)), np.asarray(wide.at(place))
    if first.shape != second.shape or {first.dtype.kind, second.dtype.kind} - set("fc"):
        return None
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        return None
    return first.astype("complex128"), second.astype("complex128")


def _is_value(value: Any) -> bool:
    return is_number(value) or is_numpy(value)


def _largest(values: Any) -> float:
    values = np.asarray(values)
    return float(np.abs(values[np.isfinite(values)]).max(initial=0.0))


def _is_whole(values: Any) -> bool:
    if values.dtype.kind in "biu":
        return True
    return bool(
        values.dtype.kind == "f" and (np.isfinite(values) & (values == np.rint(values))).all()
    )
