"""Closer looks at coordinates in doubt: steps between two levels, coarser ones, other ones."""

import numpy as np

from backprop.gradients.judgment import Judgment, Limits, Look, blind, negligible, trusted_error
from backprop.numerical.slopes import Slopes
from backprop.numerical.steps import REFINEMENT

COARSEST = -3
"""The coarsest level: steps 16³ times larger, an eighth of the magnitude in float64."""
WIDEST = 4.0
"""How many magnitudes a step is never larger than."""
WIDE = 4e-7
"""An error of this share of the value is made smaller by coarser steps, where it can be."""
LITTLE = 10.0
"""How many times wider than elsewhere an error may stay beside a gradient of 0."""
CONFIRMED = 64
"""How many of the worst coordinates are looked at again before any is called wrong."""
AVERAGED = 32
"""Over how many steps a slope is averaged."""
SHIFTED = 0.3
"""By how much of a level these are finer or coarser at most."""
SHIFTS = (0.37, 0.71)
"""By how much of a level the steps are made finer for that."""


def between(found: Judgment, first: Slopes, look: Look, noise: float) -> None:
    """Take steps between two levels: finer ones where φ bends, coarser ones where it is noisy."""
    size = np.maximum(np.abs(found.analytic), np.abs(found.value))
    wide = (found.error > WIDE * size) & np.isfinite(found.error) & ~found.at_kink
    noisy = found.error < 2.0 * noise * float(REFINEMENT) ** found.level / first.step
    half = np.where(noisy, -0.5, 0.5)
    wide &= ~noisy | (found.level > 0)
    for level in np.unique((found.level + half)[wide]):
        which = np.flatnonzero(wide & (found.level + half == level))
        s = look(float(level), which)
        found.adopt(which, s, trusted_error(s, noise), float(level))


def coarsen(found: Judgment, look: Look, noise: float, limits: Limits, resolved: bool) -> None:
    """Take coarser steps where noise makes the error wide beside the value.

    A gradient that is as good as 0 needs none where it would be seen to be another, by little of
    the largest of its array.
    """
    for level in range(-1, limits.coarsest - 1, -1):
        size = np.maximum(np.abs(found.analytic), np.abs(found.value))
        wide = (found.error > WIDE * size) & np.isfinite(found.error) & (found.level == level + 1)
        close = found.bad & (found.off < 10.0 * found.allowed)
        wide |= close & np.isfinite(found.error) & (found.level == level + 1)
        wide &= ~found.at_kink & (noise > 0)
        told = 2.0 * found.error <= LITTLE * negligible(found, noise, limits)
        told &= limits.zero(found.analytic) & ~found.bad & ~blind(found, noise, limits, resolved)
        which = np.flatnonzero(wide & ~told)
        if not which.size:
            break
        coarse = look(level, which)
        error = trusted_error(coarse, noise)
        apart = np.abs(coarse.value - found.value[which])
        error[apart > error + found.error[which]] = np.inf  # so far off all may be flat
        found.adopt(which, coarse, error, level)
        found.judge(limits)


def average(found: Judgment, look: Look) -> None:
    """Look over many steps, between which rounding differs: the mean has less of it than one."""
    every = np.arange(found.value.size)
    shifts = np.linspace(-SHIFTED, SHIFTED, AVERAGED)
    values = np.stack([look(float(found.level[0]) + s, every).value for s in shifts])
    coarse, fine = values[: AVERAGED // 2], values[AVERAGED // 2 :]
    mean = values.mean(axis=0)
    error = np.abs(coarse.mean(axis=0) - fine.mean(axis=0))  # what bends differs the most
    error += 3.0 * values.std(axis=0, ddof=1) / np.sqrt(AVERAGED)
    better = (error < found.error) & (np.abs(mean - found.value) <= found.error)
    found.value[better], found.error[better] = mean[better], error[better]


def confirm(found: Judgment, look: Look, noise: float, limits: Limits) -> None:
    """Look again at the worst coordinates, over other steps: a wrong value is wrong on each."""
    met = {kink.i for kink in found.kinks}
    checked: set[int] = set()
    for _ in range(8):
        with np.errstate(invalid="ignore"):
            ratio = np.where(np.isfinite(found.error), found.off / found.allowed, 0.0)
        order = [int(i) for i in np.argsort(-ratio) if found.bad[i] and i not in met | checked]
        worst = [i for i in order if np.isfinite(found.error[i])][:CONFIRMED]
        if not worst:
            return
        checked |= set(worst)
        for shift in SHIFTS:
            for level in np.unique(found.level[worst]):
                which = np.asarray([i for i in worst if found.level[i] == level], dtype=np.intp)
                other = look(float(level) + shift, which)
                seen = 4.0 * other.bend / np.sqrt(70.0)
                # what is expected of finer steps is noisier by their fineness, and tells nothing
                own = np.where(seen > noise, seen, noise / float(REFINEMENT) ** shift)
                apart = np.abs(other.value - found.value[which])
                error = np.maximum(apart, other.spread + own / other.step)
                found.error[which] = np.fmax(found.error[which], error)
        found.judge(limits)
        if found.bad[worst].any():
            return
