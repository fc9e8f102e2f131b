"""From an analytic gradient and numerical slopes to a verdict.

Where an analytic value lies outside the error bar, or the bar is much wider than rounding explains,
smaller steps decide, and the value with the smallest error bar counts. They also tell a kink, where
the slopes to the left and to the right differ: the difference shrinks with the step only where
there is a slope.
"""

import math
from dataclasses import dataclass
from typing import Any

import backends
from backends import namespace
from backprop.gradients import diagnosis, hygiene
from backprop.gradients.layer_subject import LayerSubject
from backprop.gradients.probe import Probe, flat64
from backprop.gradients.report import Entry, Kink, Verdict
from backprop.gradients.slopes import Slopes, slope_along, slopes_at

_REFINED = 16  # each further look takes steps this many times smaller
_LEVELS = 5
_ROUNDING = 100  # an analytic value may be rounded by this many eps of its largest terms
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
        if self.mode == "full" and 0 < size <= 10_000:
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
        self.noise = self.slopes.noise.copy()
        self.magnitude = self._magnitude(gradient)
        self.allowed = self._allowed(self.slopes, analytic, self.magnitude)
        self.off = abs(analytic - self.value)
        self.bad = ~(self.off <= self.allowed)
        self.kinks: list[tuple[int, float, float]] = []
        self._look_again()

    def _slopes(self, indices: list[int], refined: int = 1) -> Slopes:
        probe, step = self.judge.probe, self.judge.step
        if self.direction is not None:
            return slope_along(probe, self.name, self.direction, step, refined)
        return slopes_at(probe, self.name, indices, step, refined)

    def _magnitude(self, gradient: Any) -> Any:
        """Return how large the terms are that each analytic value was summed from, about."""
        if self.direction is not None:
            terms = flat64(gradient) * self.direction
            return math.sqrt(float((terms * terms).sum())) + 0.0 * self.analytic
        whole = abs(flat64(gradient))
        if gradient.ndim != 2:
            return float(whole.max()) + 0.0 * self.analytic
        whole = whole.reshape(tuple(gradient.shape))
        rows, columns = whole.max(axis=1, keepdims=True), whole.max(axis=0, keepdims=True)
        return self.xp.minimum(rows, columns).reshape(-1)[self.indices]

    def _allowed(self, slopes: Slopes, analytic: Any, magnitude: Any) -> Any:
        """Return by how much the two may differ."""
        rtol, atol = self.judge.rtol, self.judge.atol
        if rtol is None and atol is None:
            rounding = self.eps * (_ROUNDING * magnitude + 10.0 * self.judge.subject.dout_size)
            return 2.0 * slopes.error + rounding
        larger = self.xp.maximum(abs(analytic), abs(slopes.value))
        return 2.0 * slopes.error + (atol or 0.0) + (rtol or 0.0) * larger

    def _look_again(self) -> None:
        """Take smaller and smaller steps where in doubt, keep the best values, note the kinks."""
        first, xp = self.slopes, self.xp
        vague = ~(first.error <= 30.0 * first.noise + 1e-4 * abs(first.value))
        doubt = [i for i, d in enumerate((self.bad | vague).tolist()) if d]
        before, h = first, 1
        index = list(doubt)  # where each doubtful coordinate stands in `before`
        for level in range(1, _LEVELS + 1):
            if not doubt:
                return
            h_before, h = h, _REFINED**level
            near = self._slopes([self.indices[i] for i in doubt] if self.indices else [], h)
            own = self.analytic[doubt]
            margin = self._allowed(near, own, self.magnitude[doubt])
            better = near.error < xp.where(
                xp.isfinite(self.error[doubt]), self.error[doubt], xp.inf
            )
            again = []
            for k, i in enumerate(doubt):
                coarse = (float(before.left[index[k]]), float(before.right[index[k]]))
                fine = (float(near.left[k]), float(near.right[k]))
                noise = 8.0 * float(near.noise[k])
                agrees = abs(float(own[k] - near.value[k])) <= float(margin[k])
                kept = float(near.jump[k])
                jump = float(before.jump[index[k]])
                at_kink = kept > 0.5 * jump + noise and kept > 1e-3 * max(map(abs, fine))
                if better[k]:
                    self._take(i, near, k, float(margin[k]))
                if at_kink:
                    self._meet_kink(i, fine, float(own[k]), float(margin[k]))
                elif agrees and jump > 100.0 * kept * h / h_before + 100.0 * noise:
                    self.kinks.append((i, *coarse))
                elif agrees and not better[k] and self._has_kink(before, index[k], float(own[k])):
                    self._meet_kink(i, coarse, float(own[k]), float(margin[k]))
                elif not agrees or float(near.error[k]) > 30.0 * noise + 1e-4 * abs(float(own[k])):
                    again.append(k)
            before, index = near, again
            doubt = [doubt[k] for k in again]

    def _has_kink(self, slopes: Slopes, k: int, own: float) -> bool:
        """Tell whether a kink lies within the step, so that the error bar there means nothing.

        φ is rough then, or the analytic value is that of one side exactly.
        """
        noise = float(slopes.noise[k])
        rough = float(slopes.rough[k]) > 0.05 * float(slopes.jump[k]) + 0.1 * noise
        sides = abs(own - float(slopes.left[k])), abs(own - float(slopes.right[k]))
        return rough or min(sides) < 0.2 * noise or float(slopes.error[k]) > 2.0 * noise

    def _take(self, i: int, near: Slopes, k: int, margin: float) -> None:
        """Let the values of smaller steps count at a coordinate: their error bar is smaller."""
        self.value[i], self.error[i], self.allowed[i] = near.value[k], near.error[k], margin
        self.noise[i] = near.noise[k]
        self.off[i] = abs(self.analytic[i] - near.value[k])
        self.bad[i] = not self.off[i] <= margin

    def _meet_kink(self, i: int, slopes: tuple[float, float], own: float, margin: float) -> None:
        """Judge a coordinate that lies at a kink, by whether the value lies between the slopes.

        Along a direction and in a network several kinks can meet in one point, and the right value
        then need not lie between.
        """
        between = min(slopes) - margin <= own <= max(slopes) + margin
        several = self.direction is not None or not isinstance(self.judge.subject, LayerSubject)
        if between or several:
            self.kinks.append((i, *slopes))
            self.bad[i], self.off[i] = False, 0.0
        else:
            self.bad[i] = True

    def entry(self, shape: tuple[int, ...]) -> Entry:
        """Return the verdict."""
        ratio = self.off / self.xp.maximum(self.allowed, 1e-300)
        worst = int(self.xp.where(self.xp.isfinite(ratio), ratio, -1.0).argmax())
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
        known = self.xp.isfinite(self.value)
        spread = self.error - self.noise  # what smaller steps would still change
        unresolved = (spread > 0.1 * abs(self.value)) & (spread > 10.0 * self.noise)
        if (self.bad & known & ~unresolved).any():
            return Verdict.WRONG, self._reason(shape)
        if not known.all():
            return Verdict.NOISY, "the function is not finite near some coordinates"
        if (self.bad & unresolved).any():
            return Verdict.NOISY, "the function varies within the smallest steps"
        if self.kinks:
            return Verdict.KINK, self._kink_reason()
        error = float(self.error.max())
        size = float(self.xp.maximum(abs(self.analytic), abs(self.value)).max())
        if size > 0 and error > 0.1 * size and error > 1e-3 * self.judge.probe.scale:
            return Verdict.NOISY, "the error bars are as large as the gradient itself"
        return Verdict.AGREES, ""

    def _kink_reason(self) -> str:
        if self.direction is not None:
            place = "the direction meets a kink"
        else:
            place = f"{len(self.kinks)} of {len(self.analytic)} coordinates lie at a kink"
        for i, left, right in self.kinks:
            margin, own = self.allowed[i], self.analytic[i]
            if not min(left, right) - margin <= own <= max(left, right) + margin:
                return f"{place}; as several meet, the analytic value can lie outside both slopes"
        return f"{place}; the analytic value lies between the two slopes"

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
