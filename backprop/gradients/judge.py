"""From an analytic gradient and numerical slopes to a verdict.

Where an analytic value lies outside the error bar, or the bar is much wider than rounding explains,
smaller steps tell a kink, where the slopes to the left and to the right differ, from a wrong
gradient: the difference between the two sides shrinks with the step only where there is a slope.
"""

import math
from dataclasses import dataclass
from typing import Any

import backends
from backends import namespace
from backprop.gradients import diagnosis, hygiene
from backprop.gradients.probe import Probe, flat64
from backprop.gradients.report import Entry, Kink, Verdict
from backprop.gradients.slopes import Slopes, finite, slope_along, slopes_at

_REFINED = 16  # the second look takes steps this many times smaller
_ROUNDING = 1000  # an analytic gradient may be rounded by this many eps of its largest entry
_NAN = (math.nan, math.nan, math.nan)


@dataclass
class Judge:
    """Compares the gradients of one subject; parameters as in `gradcheck`."""

    subject: Any
    probe: Probe
    mode: str
    step: float | None
    rtol: float | None
    atol: float | None
    samples: int
    rng: Any

    def entry(self, name: str, gradient: Any) -> Entry:
        """Return the verdict on one gradient."""
        shape = tuple(self.subject.arrays[name].shape)
        if gradient is None:
            return _unmeasured(name, shape, "there is no gradient")
        if tuple(getattr(gradient, "shape", ())) != shape:
            return self._of_wrong_shape(name, gradient, shape)
        analytic = flat64(gradient)
        if 0 in shape:
            return Entry(name, shape, Verdict.AGREES, "it is empty", None, *_NAN, 0)
        if not backends.host().xp.isfinite(analytic).all():
            return _unmeasured(name, shape, "it is not finite")
        if self.mode == "directional":
            direction = self.rng.standard_normal(analytic.shape[0])
            direction /= math.sqrt(float((direction * direction).sum()))
            along = (analytic * direction).sum(keepdims=True)
            comparison = _Comparison(self, name, gradient, along, [], direction)
        else:
            indices = self._indices(analytic)
            comparison = _Comparison(self, name, gradient, analytic[indices], indices, None)
        return comparison.entry(shape)

    def _indices(self, analytic: Any) -> list[int]:
        """Return all coordinates, or some with the largest gradient among them."""
        size = analytic.shape[0]
        if self.mode == "full" or size <= self.samples:
            return list(range(size))
        largest = int(abs(analytic).argmax())
        others = self.rng.choice(size, self.samples - 1, replace=False).tolist()
        return sorted({largest, *others})

    def _of_wrong_shape(self, name: str, gradient: Any, shape: tuple[int, ...]) -> Entry:
        size = math.prod(shape)
        numerical = None
        if 0 < size <= 10_000:
            numerical = slopes_at(self.probe, name, range(size), self.step).value.reshape(shape)
        given = flat64(gradient).reshape(tuple(getattr(gradient, "shape", ())))
        return _unmeasured(name, shape, diagnosis.of_shape(given, shape, numerical))


def _unmeasured(name: str, shape: tuple[int, ...], reason: str) -> Entry:
    return Entry(name, shape, Verdict.WRONG, reason, None, *_NAN, 0)


class _Comparison:
    """One gradient beside its numerical slopes, at some coordinates or along a direction."""

    def __init__(
        self,
        judge: Judge,
        name: str,
        gradient: Any,
        analytic: Any,
        indices: list[int],
        direction: Any,
    ) -> None:
        self.judge, self.name, self.analytic = judge, name, analytic
        self.indices, self.direction = indices, direction
        self.xp = backends.host().xp
        self.eps = (
            float(namespace(gradient).finfo(gradient.dtype).eps)
            if hasattr(gradient, "dtype")
            else 2.0**-52
        )
        self.slopes = self._slopes(indices)
        self.value, self.error = self.slopes.value.copy(), self.slopes.error.copy()
        self.allowed = self._allowed(self.slopes, analytic)
        self.off = abs(analytic - self.value)
        self.bad = ~(self.off <= self.allowed)
        self.kinks: list[tuple[int, float, float]] = []
        self._look_again()

    def _slopes(self, indices: list[int], refined: int = 1) -> Slopes:
        probe, step = self.judge.probe, self.judge.step
        if self.direction is not None:
            return slope_along(probe, self.name, self.direction, step, refined)
        return slopes_at(probe, self.name, indices, step, refined)

    def _allowed(self, slopes: Slopes, analytic: Any) -> Any:
        """Return by how much the two may differ."""
        larger = self.xp.maximum(abs(analytic), abs(slopes.value))
        rtol, atol = self.judge.rtol, self.judge.atol
        if rtol is None and atol is None:
            atol = _ROUNDING * self.eps * float(max(abs(self.analytic)))
            atol += 10.0 * self.eps * self.judge.probe.scale
        return 2.0 * slopes.error + (atol or 0.0) + (rtol or 0.0) * larger

    def _look_again(self) -> None:
        """Take smaller steps where in doubt: clear what is right, and note the kinks."""
        first, xp = self.slopes, self.xp
        vague = first.error > 30.0 * first.noise + 1e-4 * abs(first.value)
        doubt = [i for i, d in enumerate((self.bad | vague).tolist()) if d]
        if not doubt:
            return
        near = self._slopes([self.indices[i] for i in doubt] if self.indices else [], _REFINED)
        own = self.analytic[doubt]
        margin = self._allowed(near, own)
        bar = 8.0 * (near.noise + first.noise[doubt])
        jump = near.right - near.left
        jump_before = (first.right - first.left)[doubt]
        kink = abs(jump - jump_before / _REFINED) > bar + 1e-3 * abs(jump)
        kink |= abs(near.value - first.value[doubt]) > bar + first.error[doubt]
        agrees = abs(own - near.value) <= margin
        low, high = xp.minimum(near.left, near.right), xp.maximum(near.left, near.right)
        excused = kink & (agrees | ((low - margin <= own) & (own <= high + margin)))
        excused |= agrees & (near.error <= first.error[doubt])
        for k, i in enumerate(doubt):
            if not excused[k]:
                continue
            self.bad[i] = False
            self.value[i], self.error[i] = near.value[k], near.error[k]
            self.off[i], self.allowed[i] = abs(own[k] - near.value[k]), margin[k]
            if kink[k]:
                side = (first, i) if agrees[k] else (near, k)
                self.kinks.append((i, float(side[0].left[side[1]]), float(side[0].right[side[1]])))
                self.off[i] = 0.0

    def entry(self, shape: tuple[int, ...]) -> Entry:
        """Return the verdict."""
        worst = int((self.off / self.xp.maximum(self.allowed, 1e-300)).argmax())
        kinks = [
            Kink(self._place(i, shape) or (), left, right, float(self.analytic[i]))
            for i, left, right in self.kinks
        ]
        kinks.sort(key=lambda kink: -abs(kink.right - kink.left))
        verdict, reason = self._verdict(shape)
        return Entry(
            name=self.name,
            shape=shape,
            verdict=verdict,
            reason=reason,
            index=self._place(worst, shape),
            analytic=float(self.analytic[worst]),
            numerical=float(self.value[worst]),
            error=float(self.error[worst]),
            checked=len(self.analytic),
            kinks=tuple(kinks),
        )

    def _place(self, i: int, shape: tuple[int, ...]) -> tuple[int, ...] | None:
        return None if self.direction is not None else unravel(self.indices[i], shape)

    def _verdict(self, shape: tuple[int, ...]) -> tuple[Verdict, str]:
        if not finite(self.slopes):
            return Verdict.NOISY, "the function is not finite near some coordinates"
        if self.bad.any():
            return Verdict.WRONG, self._reason(shape)
        if self.kinks:
            share = f"{len(self.kinks)} of {len(self.analytic)} coordinates lie at a kink; "
            return Verdict.KINK, share + "the analytic value lies between the two slopes"
        error = float(self.error.max())
        size = float(self.xp.maximum(abs(self.analytic), abs(self.value)).max())
        if error > 0.1 * size and error > 1e-3 * self.judge.probe.scale:
            return Verdict.NOISY, "the error bars are as large as the gradient itself"
        return Verdict.AGREES, ""

    def _reason(self, shape: tuple[int, ...]) -> str:
        subject, numerical = self.judge.subject, self.value
        if self.direction is not None:
            return diagnosis.of_values(self.analytic, numerical, self.allowed, self.bad)
        fresh = hygiene.fresh_gradient(subject, self.name)
        if fresh is not None and (abs(fresh[self.indices] - numerical) <= self.allowed).all():
            return "it is right after a first forward pass and wrong after another: a stale cache"
        return diagnosis.of_values(
            self.analytic,
            numerical,
            self.allowed,
            self.bad,
            shape=shape if len(self.indices) == math.prod(shape) else None,
            inputs=flat64(subject.arrays[self.name])[self.indices],
            batch=subject.batch,
        )


def unravel(flat: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the index of a flat position."""
    index = []
    for n in reversed(shape):
        flat, i = divmod(flat, n)
        index.append(i)
    return tuple(reversed(index))
