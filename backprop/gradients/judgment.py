"""What a judgment is made of, and what it gives: looks, limits, coordinates judged."""

import math
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from backprop.numerical.slopes import Slopes

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]

NEGLIGIBLE = 100.0
"""An error of this many times √noise, of the largest entry, is small beside what matters."""
CLOSE = 0.25
"""But only where the value is as close as this share of it; else √noise is all that is let off."""
NOTHING = 20.0
"""So would, beside a gradient that is 0, one of this many times √noise of `dout`."""
COARSE = 1e-4
"""But an error of a larger share of either shows too little, however noisy φ is."""
QUANTA = (0.125, 10.0)
"""A gradient of between so many eps of `dout` may be rounding and nothing else."""
BENDS = 0.1
"""Two quotients that differ by this share of the slope show that φ bends within the step."""


class Look(Protocol):
    """Slopes at some coordinates on a level of refinement."""

    def __call__(self, level: float, which: Indices, /) -> Slopes:
        """Return the slopes."""


class Near(Protocol):
    """What more can be found out around one coordinate."""

    def resolution(self, i: int, level: int, /) -> float:
        """Return by how much φ moves at the least, if it moves in steps; else 0.

        `level` is one on which it stands still.
        """

    def jumps(self, i: int, /) -> tuple[float, float]:
        """Return the sums of the jumps, upwards and downwards, of kinks that meet there."""


@dataclass(frozen=True)
class Limits:
    """What a comparison allows.

    Attributes
    ----------
    noise : float
        By how much rounding, or chance, changes φ from one evaluation to the next.
    scale : float
        Σ |v y|.
    rounding : array, shape (n,)
        What rounding explains of each analytic value.
    reference : float
        The largest entry of all gradients.
    fine : bool
        Whether φ is computed in float64.
    rtol, atol : float or None
        What is allowed in its place.
    quantum : float
        What terms as large as `dout` are rounded to.
    unit : float
        By how much rounding changes φ if it is rounded from terms as large as `dout`.
    grain : float
        How finely φ is rounded as its outputs are, which may come of a narrower dtype than φ.
    dout : float
        The largest `dout`.
    expected : float
        By how much rounding alone must change φ.
    coarsest : int
        The coarsest level that makes sense.
    """

    noise: float
    scale: float
    rounding: Floats
    reference: float = 0.0
    fine: bool = True
    rtol: float | None = None
    atol: float | None = None
    quantum: float = 0.0
    unit: float = 0.0
    grain: float = 0.0
    dout: float = 1.0
    expected: float = math.inf
    coarsest: int = -3

    def resolution(self, noise: float) -> float:
        """Return √noise, relative to φ."""
        return math.sqrt(max(2.0**-52, noise / self.scale if self.scale else 0.0))

    def zero(self, analytic: Floats) -> Mask:
        """Tell where a gradient is as good as 0: no more than it may be rounded by.

        So are a few quanta, the trace that is left of 1 - y² where y is 1 but for rounding.
        """
        size = np.abs(analytic)
        trace = (size >= QUANTA[0] * self.quantum) & (size <= QUANTA[1] * self.quantum)
        return np.asarray((size <= self.rounding) | trace)

    def allowed(self, error: Floats, analytic: Floats, value: Floats, which: Indices) -> Floats:
        """Return by how much analytic and numerical values may differ."""
        if self.rtol is None and self.atol is None:
            return 2.0 * error + self.rounding[which]
        larger = np.maximum(np.abs(analytic), np.abs(value))
        return 2.0 * error + (self.atol or 0.0) + (self.rtol or 0.0) * larger


@dataclass(frozen=True)
class KinkAt:
    """A coordinate with two slopes."""

    i: int
    left: float
    right: float
    several: bool = False


@dataclass
class Judgment:
    """What became of n coordinates; arrays of shape (n,).

    Attributes
    ----------
    value, error, allowed
        The numerical values, their errors (inf where none is trusted), and the allowed difference.
    bad, blind
        Where the analytic value is wrong; where it could not have been seen to be wrong.
    kinks
        The coordinates that lie at a kink.
    """

    analytic: Floats
    value: Floats
    error: Floats
    allowed: Floats
    level: Floats
    bad: Mask
    blind: Mask
    kinks: list[KinkAt] = field(default_factory=list)

    @property
    def at_kink(self) -> Mask:
        """Which coordinates lie at a kink."""
        return np.isin(np.arange(self.analytic.size), [kink.i for kink in self.kinks])

    @property
    def off(self) -> Floats:
        """How far analytic and numerical values lie apart."""
        return np.abs(self.analytic - self.value)

    def judge(self, limits: Limits) -> None:
        """Tell what is allowed, and what is wrong."""
        every = np.arange(self.analytic.size)
        self.allowed = limits.allowed(self.error, self.analytic, self.value, every)
        with np.errstate(invalid="ignore"):
            self.bad = np.where(self.at_kink, self.bad, ~(self.off <= self.allowed))

    def adopt(self, which: Indices, s: Slopes, error: Floats, level: float) -> None:
        """Let slopes count where their error is smaller."""
        better = error < self.error[which]
        at = which[better]
        self.value[at], self.error[at], self.level[at] = s.value[better], error[better], level


def trusted_error(s: Slopes, noise: float) -> Floats:
    """Return the errors of slopes; inf where φ bends within the step."""
    rounding = noise / s.step
    with np.errstate(invalid="ignore"):
        bent = s.spread + 0.25 * s.bend / s.step  # at a kink, half its jump
        straight = bent <= BENDS * np.abs(s.value) + 10.0 * rounding
        return np.where(straight & np.isfinite(s.value), bent + rounding, np.inf)


def negligible(found: Judgment, noise: float, limits: Limits) -> Floats:
    """Return how wide an error may be beside an entry that is small, or 0, to show what matters.

    It is measured by the largest of its own array, as a whole gradient may be forgotten; on a
    device that has float32 alone, a small one by that of all gradients.
    """
    with np.errstate(invalid="ignore"):
        told = np.isfinite(found.error) & (np.abs(found.value) > found.error)
    known = np.abs(found.value[told]).max(initial=0.0)
    own = max(float(np.abs(found.analytic).max(initial=0.0)), float(known))
    zero, resolution = limits.zero(found.analytic), limits.resolution(noise)
    if not limits.fine:
        most = min(0.1, NEGLIGIBLE * resolution)
        return np.where(zero, most * own, most * max(own, limits.reference))
    close = ~zero & (found.off <= CLOSE * np.abs(found.analytic))
    share = np.where(close, NEGLIGIBLE * resolution, resolution)
    return np.asarray(np.minimum(COARSE, share) * own)


def blind(found: Judgment, noise: float, limits: Limits, resolved: bool) -> Mask:
    """Tell where an error is so wide that nothing could have been seen.

    Beside a 0, one of the size of `dout` must have been, if φ is `resolved`.
    """
    allowed, size = 2.0 * found.error, np.abs(found.analytic)
    share = NOTHING * limits.resolution(noise)
    nothing = (min(COARSE, share) if limits.fine else share) * limits.dout if resolved else 0.0
    small = allowed <= negligible(found, noise, limits)
    small |= limits.zero(found.analytic) & (allowed <= nothing)
    if limits.fine:
        small &= np.abs(found.value) <= np.maximum(found.error, 2.0 * size)
        size = np.minimum(size, np.abs(found.value))
    seen = small | (allowed < size * (1.0 if resolved else 0.5))
    return np.asarray(~found.at_kink & ~found.bad & ~seen)
