"""One gradient compared: which coordinates, what is allowed, the verdict and its reason."""

import math
from typing import cast

import numpy as np
import numpy.typing as npt

from backends import Array, namespace
from backprop.arrays import is_floating, shape
from backprop.gradients import diagnosis, rows
from backprop.gradients.closer import average
from backprop.gradients.judge import judge
from backprop.gradients.judgment import QUANTA, Judgment, KinkAt, Limits
from backprop.gradients.report import Entry, Kink, Verdict, unmeasured
from backprop.gradients.surroundings import Surroundings
from backprop.gradients.task import Task
from backprop.numerical.phi import Way
from backprop.numerical.pieces import (
    farthest,
    finite,
    flat64,
    flat_host,
    largest,
    largest_product,
    norm,
    pieces,
    product,
)
from backprop.targets.objects import is_known_array

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

_ROUNDING = 100.0  # an analytic value may be rounded by this many eps of its largest terms
_ROUNDED = 0.1  # but by no larger a share of them, however coarse the dtype
_SLOPE = 2.0  # eps of the outputs by which a slope is rounded
_FELT = 1e-3  # what is wrong by this at one entry must show along a direction
_DOUT = 10.0  # and by this many of the largest `dout`
_DIAGNOSED = 10_000  # entries of the largest array whose gradient of a wrong shape is evaluated


def entry(task: Task, name: str, which: Indices | None, way: Way | None) -> Entry:
    """Return the verdict on one gradient, at some coordinates or along a direction."""
    own = shape(task.phi.places[name].get())
    narrow, gradient = task.found.gradients.get(name), task.wide.get(name)
    if narrow is None or gradient is None:
        return unmeasured(name, own, Verdict.WRONG, "there is no gradient")
    given = shape(gradient) if is_known_array(gradient) else ()
    if given != own:
        return _of_wrong_shape(task, name, gradient, own)
    if 0 in own:
        return unmeasured(name, own, Verdict.AGREES, "it is empty")
    if not (finite(gradient) and finite(narrow)):
        return unmeasured(name, own, Verdict.WRONG, "it is not finite")
    if which is None and way is None:
        which = np.arange(math.prod(own))
    return _Comparison(task, name, gradient, which, way).entry(own)


def _of_wrong_shape(task: Task, name: str, gradient: Array, own: tuple[int, ...]) -> Entry:
    numerical, size = None, math.prod(own)
    if 0 < size <= _DIAGNOSED:
        numerical = task.phi.at(name, np.arange(size), task.step, 0).value.reshape(own)
    given = flat64(gradient).reshape(shape(gradient) if is_known_array(gradient) else ())
    return unmeasured(name, own, Verdict.WRONG, diagnosis.of_shape(given, own, numerical))


class _Comparison:
    """One gradient beside its numerical slopes; and the verdict on it."""

    def __init__(
        self, task: Task, name: str, gradient: Array, which: Indices | None, way: Way | None
    ) -> None:
        self.task, self.name, self.way = task, name, way
        self.indices = np.zeros(1, np.intp) if which is None else which
        self.values = values = flat_host(gradient)
        if way is not None:
            self.analytic = np.asarray([product(values, way) / norm(way)])
        else:
            self.analytic = values[self.indices].astype(np.float64)
        self.whole = way is None and self.indices.size == values.size
        self.eps = _eps(gradient)
        self.magnitude = self._magnitude(
            values, shape(gradient) if is_known_array(gradient) else ()
        )
        self.judgment = self._judge()

    def _magnitude(self, values: Floats, own: tuple[int, ...]) -> Floats:
        """Return how large the terms are that each analytic value was summed from, about."""
        if self.way is not None:
            size = largest(values) or 1.0
            terms = sum(float(((g / size * w) ** 2).sum()) for g, w in pieces(values, self.way))
            return np.asarray([size * math.sqrt(terms) / norm(self.way)])
        if len(own) != 2:
            return np.full(self.analytic.shape, largest(values))
        v = values.reshape(own)
        rows, columns = (np.maximum(v.max(axis=axis), -v.min(axis=axis)) for axis in (1, 0))
        row, column = np.unravel_index(self.indices, own)
        return np.asarray(np.minimum(rows[row], columns[column]), dtype=np.float64)

    def _measured(self) -> list[int]:
        """Return the coordinates at which noise is measured: the largest, and some by chance."""
        size = np.abs(self.analytic)
        moving = np.flatnonzero(size)
        others = self.task.rng.choice(moving, min(self.task.patience, moving.size), replace=False)
        return [int(size.argmax()), *map(int, others)]

    def _judge(self) -> Judgment:
        task = self.task
        around = Surroundings(task.phi, self.name, self.indices, self.way, task.step, task.rng)
        noise = max(task.phi.rounding(self.name), *map(around.noise, self._measured()))
        rounding = min(self.eps * _ROUNDING, _ROUNDED) * self.magnitude + task.rounded[self.name]
        rounding = rounding + _SLOPE * task.output_eps * np.abs(self.analytic)
        limits = task.limits(self.name, self.eps, noise, rounding, around.coarsest)
        found = judge(self.analytic, around.look, limits, around)
        if self.way is not None:
            self._feel(found, limits, around)
        return found

    def _feel(self, found: Judgment, limits: Limits, around: Surroundings) -> None:
        """Leave open what a mistake at one entry would not show in, however often one looks."""
        way = cast(Way, self.way)
        term = largest_product(self.values, way) / norm(way)
        trace = QUANTA[1] * limits.quantum * limits.zero(found.analytic)
        felt = np.maximum((_FELT * term - limits.rounding) / 2.0 if term else np.inf, trace)
        if (found.error > felt).any() and not found.at_kink.any():
            average(found, around.look)
            found.judge(limits)
        found.blind |= (found.error > felt) & ~found.bad & ~found.at_kink

    def entry(self, own: tuple[int, ...]) -> Entry:
        """Return the verdict."""
        found = self.judgment
        with np.errstate(invalid="ignore", divide="ignore"):
            share = np.where(found.bad, found.off, found.off / found.allowed)
        share = np.where(np.isfinite(share) & (found.bad == found.bad.any()), share, -1.0)
        worst = int(share.argmax())
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
        found, task, name = self.judgment, self.task, self.name
        if (found.bad & np.isfinite(found.error)).any():
            if name in task.found.ignoring:
                return Verdict.WRONG, "`dout` is ignored"
            reason = self._reason(own)
            if diagnosis.UNEXPLAINED in reason and (said := rows.coupled(task, name)):
                reason = reason.replace(diagnosis.UNEXPLAINED, said)
            return Verdict.WRONG, reason
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
        if found.blind.any() and self.way is not None:
            return Verdict.NOISY, "a mistake of a thousandth at one entry would not show"
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
        wide = self.task.wide[self.name]
        allowed = max(min(_ROUNDING * eps, _ROUNDED), math.sqrt(eps))
        size = max(largest(wide), eps * _DOUT * self.task.dout_size)
        off = farthest(narrow, wide)
        reach = largest(self.task.phi.places[self.name].get()) or 1.0  # what outputs are rounded to
        allowed = allowed * size + _DOUT * eps * (self.task.dout_size + self.task.phi.scale / reach)
        if off <= allowed or off <= allowed + _ROUNDING * self.task.shaken(self.name, eps):
            return ""
        return f"it is off by {off:.3g} in {narrow.dtype}, and right in a wider dtype"

    def _reason(self, own: tuple[int, ...]) -> str:
        found = self.judgment
        if self.way is not None:
            return diagnosis.of_values(found.analytic, found.value, found.allowed, found.bad)
        others = {
            name: flat_host(g)[self.indices].astype(np.float64)
            for name, g in self.task.wide.items()
            if name != self.name and is_known_array(g) and shape(g) == own
        }
        return diagnosis.of_values(
            found.analytic,
            found.value,
            found.allowed,
            found.bad,
            shape=own if self.whole else None,
            inputs=flat_host(self.task.phi.places[self.name].get())[self.indices],
            batch=self.task.subject.batch,
            others=others,
        )


def _eps(gradient: Array) -> float:
    """Return the spacing of a gradient's dtype."""
    real = is_known_array(gradient) and is_floating(gradient)
    return float(namespace(gradient).finfo(gradient.dtype).eps) if real else 2e-16


def _kink_reason(kinks: list[KinkAt], count: int, direction: bool) -> str:
    place = f"{len(kinks)} of {count} coordinates lie at a kink"
    place = "the direction meets a kink" if direction else place
    if any(kink.several for kink in kinks):
        return f"{place}; as several meet, the analytic value can lie outside both slopes"
    return f"{place}; the analytic value lies between the two slopes"
