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
"""An error of this many times √noise, of the largest gradient, would show all that matters."""
NOTHING = 20.0
"""So would, beside a gradient that is 0, one of this many times √noise of `dout`."""
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
    reference : float
        The largest entry of all gradients.
    rounding : array, shape (n,)
        What rounding explains of each analytic value.
    rtol, atol : float or None
        What is allowed in its place.
    unit : float
        By how much rounding changes φ if it is rounded from terms as large as `dout`.
    dout : float
        The largest `dout`.
    expected : float
        By how much rounding alone must change φ.
    coarsest : int
        The coarsest level that makes sense.
    """

    noise: float
    scale: float
    reference: float
    rounding: Floats
    rtol: float | None = None
    atol: float | None = None
    unit: float = 0.0
    dout: float = 1.0
    expected: float = math.inf
    coarsest: int = -3

    def resolution(self, noise: float) -> float:
        """Return √noise, relative to φ."""
        return math.sqrt(max(2.0**-52, noise / self.scale if self.scale else 0.0))

    def zero(self, analytic: Floats) -> Mask:
        """Tell where a gradient is as good as 0: no more than it may be rounded by."""
        return np.asarray(np.abs(analytic) <= self.rounding)

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
    """Return how wide an error may be beside a gradient that is small, or 0, to show what matters.

    A small one is measured by the largest of all gradients; one that is 0 by those of its own
    array alone, as a whole gradient may be forgotten.
    """
    with np.errstate(invalid="ignore"):
        told = np.isfinite(found.error) & (np.abs(found.value) > found.error)
    known = np.abs(found.value[told]).max(initial=0.0)
    own = max(float(np.abs(found.analytic).max(initial=0.0)), float(known))
    share = min(0.1, NEGLIGIBLE * limits.resolution(noise))
    return np.where(limits.zero(found.analytic), share * own, share * max(own, limits.reference))
