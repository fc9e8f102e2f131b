"""One gradient compared: which coordinates, what is allowed, the verdict and its reason."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from backprop.arrays import shape
from backprop.gradients import diagnosis
from backprop.gradients.hygiene import Findings
from backprop.gradients.judge import Judgement, KinkAt, Limits, judge
from backprop.gradients.report import Entry, Kink, Verdict
from backprop.numerical.phi import Phi, flat, jumps
from backprop.numerical.slopes import Slopes
from backprop.numerical.steps import FINEST, REFINEMENT, step_for
from backprop.targets.objects import is_array
from backprop.targets.passes import flat64

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

_ROUNDING = 100.0  # an analytic value may be rounded by this many eps of its largest terms
_DOUT = 10.0  # and by this many of the largest `dout`
_NAN = (math.nan, math.nan, math.nan)
_DEVIATION = 0.6745 * math.sqrt(70.0)  # the median of a fourth difference of noise of deviation 1
_LINE = 11  # values on a line that measure noise; a kink touches less than half of it
_APART = 2.0 ** np.arange(-4.0, 6.25, 0.25)  # distances, in steps, that tell kinks apart
_MOVED = 3  # how often the point is moved a little, for that
_SCAN = 65  # values on a line that tell kinks apart
_BULK = 512  # an array of more entries is first looked at over one step
_DIAGNOSED = 10_000  # entries of the largest array whose gradient of a wrong shape is evaluated


@dataclass(frozen=True)
class Task:
    """What is compared, and how.

    Attributes
    ----------
    phi : Phi
        The function that is differentiated.
    found : Findings
        The gradients in the target's own dtypes, and what was noticed.
    wide : dict of str to array
        The gradients in the dtype that φ is computed in.
    dout_size : float
        The largest `dout`.
    batch : int or None
        Number of samples.
    step, rtol, atol
        As in `gradcheck`.
    rng : numpy.random.Generator
        Draws samples and directions.
    """

    phi: Phi
    found: Findings
    wide: dict[str, Any]
    dout_size: float
    batch: int | None
    step: float | None
    rtol: float | None
    atol: float | None
    rng: np.random.Generator


def entry(task: Task, name: str, which: Indices | None, way: Floats | None) -> Entry:
    """Return the verdict on one gradient, at some coordinates or along a direction."""
    own = shape(task.phi.places[name].get())
    narrow, gradient = task.found.gradients.get(name), task.wide.get(name)
    if narrow is None or gradient is None:
        return unmeasured(name, own, Verdict.WRONG, "there is no gradient")
    given = shape(gradient) if is_array(gradient) else ()
    if given != own:
        return _of_wrong_shape(task, name, gradient, own)
    if 0 in own:
        return Entry(name, own, Verdict.AGREES, "it is empty", None, *_NAN, 0)
    analytic = flat64(gradient)
    if not (np.isfinite(analytic).all() and np.isfinite(flat64(narrow)).all()):
        return unmeasured(name, own, Verdict.WRONG, "it is not finite")
    if which is None and way is None:
        which = np.arange(analytic.size)
    return _Comparison(task, name, gradient, which, way).entry(own)


def unmeasured(name: str, own: tuple[int, ...], verdict: Verdict, reason: str) -> Entry:
    """Return the verdict on a gradient that was not compared."""
    return Entry(name, own, verdict, reason, None, *_NAN, 0)


def _of_wrong_shape(task: Task, name: str, gradient: Any, own: tuple[int, ...]) -> Entry:
    numerical, size = None, math.prod(own)
    if 0 < size <= _DIAGNOSED:
        numerical = task.phi.at(name, np.arange(size), task.step, 0).value.reshape(own)
    given = flat64(gradient).reshape(shape(gradient) if is_array(gradient) else ())
    return unmeasured(name, own, Verdict.WRONG, diagnosis.of_shape(given, own, numerical))


class _Comparison:
    """One gradient beside its numerical slopes; what the judge asks for is answered here."""

    def __init__(
        self, task: Task, name: str, gradient: Any, which: Indices | None, way: Floats | None
    ) -> None:
        self.task, self.name, self.way = task, name, way
        self.indices = np.zeros(1, np.intp) if which is None else which
        values = flat64(gradient)
        if way is not None:
            self.analytic = np.asarray([float(values @ way)])
        else:
            self.analytic = values[self.indices]
        self.whole = way is None and self.indices.size == values.size
        self.eps = _eps(gradient)
        self.magnitude = self._magnitude(values, shape(gradient) if is_array(gradient) else ())
        self.base = step_for(task.phi.eps_of(name)) if task.step is None else task.step
        self.judgement = self._judge()

    def _magnitude(self, values: Floats, own: tuple[int, ...]) -> Floats:
        """Return how large the terms are that each analytic value was summed from, about."""
        if self.way is not None:
            return np.asarray([float(np.linalg.norm(values * self.way))])
        size = np.abs(values)
        if len(own) != 2:
            return np.full(self.analytic.shape, float(size.max(initial=0.0)))
        size = size.reshape(own)
        smaller = np.minimum(size.max(axis=1, keepdims=True), size.max(axis=0, keepdims=True))
        return smaller.reshape(-1)[self.indices]

    def _judge(self) -> Judgement:
        task = self.task
        noise = max(task.phi.rounding(self.name), self._noise())
        reference = max(
            (
                float(np.abs(flat64(g)).max(initial=0.0))
                for g in task.wide.values()
                if g is not None and np.isfinite(flat64(g)).all()
            ),
            default=0.0,
        )
        rounding = self.eps * (_ROUNDING * self.magnitude + _DOUT * task.dout_size)
        limits = Limits(noise, task.phi.scale, reference, rounding, task.rtol, task.atol)
        return judge(self.analytic, self.look, limits, self)

    def look(self, level: float, which: Indices) -> Slopes:
        """Return the slopes at some of the coordinates, on a level of refinement."""
        if self.way is not None:
            return self.task.phi.along(self.name, self.way, self.task.step, level)
        indices = self.indices[which]
        if level != 0 or which.size <= _BULK:
            return self.task.phi.at(self.name, indices, self.task.step, level)
        return self.task.phi.at(self.name, indices, self.task.step, level, two=True)

    def _line(self, i: int, spacing: float, count: int, before: int) -> Floats:
        """Return values of φ at equal distances, some of them before a coordinate."""
        distances = spacing * (np.arange(count) - before)
        return self.task.phi.line(self.name, int(self.indices[i]), self.way, distances)

    def _noise(self) -> float:
        """Return what a cubic leaves over of values on a line, on the level that tells it best.

        On finer levels less is left where φ bends; where it moves in steps, nothing is.
        """
        i = int(np.abs(self.analytic).argmax())
        least = self.task.phi.rounding(self.name)
        found = math.inf
        for level in range(FINEST + 1):
            values = self._line(i, self._step(i) / REFINEMENT**level, _LINE, _LINE // 5)
            with np.errstate(invalid="ignore"):
                left = 4.0 * float(np.median(np.abs(np.diff(values, 4)))) / _DEVIATION
            still = float((np.diff(values) == 0.0).mean())
            if not math.isfinite(left):
                continue
            if left <= least or (still > 0.25 and found > least):
                return left if found == math.inf or still == 0.0 else found
            found = min(found, left)
        return found if math.isfinite(found) else 0.0

    def _step(self, i: int) -> float:
        if self.way is not None or self.task.step is not None:
            return self.base
        value = abs(float(flat(self.task.phi.places[self.name].get())[self.indices[i]]))
        return self.base * max(1.0, value)

    def resolution(self, i: int) -> float:
        """Return by how much φ moves at the least, if it moves in steps; else 0."""
        for level in (1, 2, 3):
            values = self._line(i, self._step(i) * REFINEMENT**level / 16.0, _SCAN, _SCAN // 2)
            moved = np.abs(np.diff(values))
            if not np.isfinite(moved).all() or not moved.any():
                continue
            after = moved[np.flatnonzero(moved)[0] : np.flatnonzero(moved)[-1] + 1]
            still = float((after == 0.0).mean())
            return float(moved[moved > 0].min()) if still > 0.25 else 0.0
        return 0.0

    def jumps(self, i: int) -> tuple[float, float]:
        """Return the sums of the jumps of kinks that meet in a coordinate: up, down."""
        step, noise = self._step(i), self.task.phi.rounding(self.name)
        distances = step * np.concatenate([-_APART[::-1], _APART])
        found = []
        for _ in range(_MOVED):
            with self.task.phi.displaced(step, self.task.rng):
                values = self.task.phi.line(self.name, int(self.indices[i]), self.way, distances)
            found.append(jumps(values, distances, noise))
        return max(up for up, _ in found), max(down for _, down in found)

    def entry(self, own: tuple[int, ...]) -> Entry:
        """Return the verdict."""
        found = self.judgement
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio = np.where(np.isfinite(found.allowed), found.off / found.allowed, -1.0)
        ratio = np.where(found.bad, ratio + 1e300, ratio)
        worst = int(np.where(np.isnan(ratio), -1.0, ratio).argmax())
        verdict, reason = self._verdict(own)
        kinks = [
            Kink(self._place(k.i, own) or (), k.left, k.right, float(found.analytic[k.i]))
            for k in found.kinks
        ]
        kinks.sort(key=lambda kink: -abs(kink.right - kink.left))
        return Entry(
            name=self.name,
            shape=own,
            verdict=verdict,
            reason=reason,
            index=self._place(worst, own),
            analytic=float(found.analytic[worst]),
            numerical=float(found.value[worst]),
            error=float(found.error[worst]),
            checked=self.analytic.size,
            kinks=tuple(kinks),
        )

    def _place(self, i: int, own: tuple[int, ...]) -> tuple[int, ...] | None:
        if self.way is not None:
            return None
        return tuple(map(int, np.unravel_index(self.indices[i], own))) if own else ()

    def _verdict(self, own: tuple[int, ...]) -> tuple[Verdict, str]:
        found, task, name = self.judgement, self.task, self.name
        if (found.bad & np.isfinite(found.error)).any():
            if name in task.found.ignoring:
                return Verdict.WRONG, "`dout` is ignored"
            return Verdict.WRONG, self._reason(own)
        if name in task.found.stale:
            return Verdict.WRONG, (
                "it is right after a first forward pass and wrong after another: a stale cache"
            )
        rounded = self._narrow_reason()
        if rounded:
            return Verdict.WRONG, rounded
        if not np.isfinite(found.value).all():
            return Verdict.NOISY, "the function is not finite near some coordinates"
        if not np.isfinite(found.error).all():
            return Verdict.NOISY, "the function varies within the smallest steps"
        if found.blind.any():
            return Verdict.NOISY, (
                f"the error bar is as large as the gradient itself at {int(found.blind.sum())} of "
                f"{found.blind.size} coordinates"
            )
        if found.kinks:
            return Verdict.KINK, _kink_reason(found.kinks, found.bad.size, self.way is not None)
        if not found.analytic.any():
            return Verdict.AGREES, "it is 0, and so is the numerical gradient"
        return Verdict.AGREES, ""

    def _narrow_reason(self) -> str:
        """Say whether the gradient in the target's own dtype is another than in a wider one."""
        narrow = self.task.found.gradients[self.name]
        eps = _eps(narrow)
        if eps <= self.eps or self.task.rtol is not None or self.task.atol is not None:
            return ""
        own, wide = flat64(narrow), flat64(self.task.wide[self.name])
        allowed = max(_ROUNDING * eps, math.sqrt(eps))
        largest = max(float(np.abs(wide).max(initial=0.0)), eps * _DOUT * self.task.dout_size)
        off = float(np.abs(own - wide).max(initial=0.0))
        if off <= allowed * largest + _DOUT * eps * self.task.dout_size:
            return ""
        return f"it is off by {off:.3g} in {narrow.dtype}, and right in a wider dtype"

    def _reason(self, own: tuple[int, ...]) -> str:
        found = self.judgement
        if self.way is not None:
            return diagnosis.of_values(found.analytic, found.value, found.allowed, found.bad)
        others = {
            name: flat64(g)[self.indices]
            for name, g in self.task.wide.items()
            if name != self.name and is_array(g) and shape(g) == own
        }
        return diagnosis.of_values(
            found.analytic,
            found.value,
            found.allowed,
            found.bad,
            shape=own if self.whole else None,
            inputs=flat(self.task.phi.places[self.name].get())[self.indices],
            batch=self.task.batch,
            others=others,
        )


def _eps(gradient: Any) -> float:
    """Return the spacing of a gradient's dtype."""
    return float(np.finfo(str(gradient.dtype).split(".")[-1]).eps) if is_array(gradient) else 2e-16


def _kink_reason(kinks: list[KinkAt], count: int, direction: bool) -> str:
    place = f"{len(kinks)} of {count} coordinates lie at a kink"
    place = "the direction meets a kink" if direction else place
    if any(kink.several for kink in kinks):
        return f"{place}; as several meet, the analytic value can lie outside both slopes"
    return f"{place}; the analytic value lies between the two slopes"
