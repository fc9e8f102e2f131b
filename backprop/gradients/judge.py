"""From an analytic gradient and numerical slopes to a judgment: host values in, host values out.

Method
------
A slope from two steps h and 2h is *trusted* where φ hardly bends over them: the two quotients don't
lie far apart, and the fourth difference, to which a kink gives twice its jump times h, is small.
Its error is then both, and the noise over h. Where it isn't trusted, or much wider than noise
explains, finer steps are taken; where noise makes it wide, coarser ones. The smallest error that
is trusted counts.

A *kink* is a jump of the slope, well above noise, that keeps its size while the step shrinks 16
times: curvature shrinks with the step, and what is noise grows. Where finer steps are lost in
noise, the coarser ones must show it. At a kink the value must lie between the slopes on both sides;
where several kinks meet, seen by moving the point a little, those that bend the other way may add
their jumps or not.

A value is *wrong* where it lies outside twice the error on every step that is tried. Where the
error is so wide that twice the value or the other sign would have passed, it is *blind*.
"""

from dataclasses import replace

import numpy as np

from backprop.gradients import closer
from backprop.gradients.judgment import (
    Floats,
    Indices,
    Judgment,
    KinkAt,
    Limits,
    Look,
    Mask,
    Near,
    blind,
    negligible,
    trusted_error,
)
from backprop.numerical.slopes import Slopes
from backprop.numerical.steps import FINEST, REFINEMENT

ROUGH = 12.0
"""What moves φ by this many times the noise would be seen to."""
CLEAR = 20.0
"""A jump must be this many times the noise over the step to be seen at all."""
STAYS = 2
"""On how many finer levels in a row a jump must keep its size."""
COARSER = (0.0, 0.25, 0.5)
"""By how many levels the steps are coarser on which a jump must be there, too."""
FINER = (0.25, 0.5)
"""By how many they are finer where none is."""
SAME = 0.25
"""By what share its size may vary among them."""
SEEN = 1.05
"""Jumps are seen at points a little aside, where slopes are a few hundredths others."""
TIGHT = 1e-7
"""An error of this share of the slope needs no finer look."""
NOISY = 30.0
"""An error of this many times the noise over the step is not noise: a finer step is better."""
HINT = 1e-3
"""A jump smaller than this share of the slopes is curvature."""
RESOLVED = 1e-3
"""Noise of a larger share of φ, and of its moves, leaves nothing to be seen of it."""
ASKED = 3
"""At how many coordinates it is asked whether φ moves in steps."""
UNEXPECTED = 1e3
"""Noise of this many times what rounding makes is a function's own."""


def judge(analytic: Floats, look: Look, limits: Limits, near: Near) -> Judgment:
    """Judge the analytic values at n coordinates.

    Parameters
    ----------
    analytic : array, shape (n,)
        The values.
    look : Look
        Gives slopes.
    limits : Limits
        What is allowed.
    near : Near
        Gives what more there is to know around a coordinate.
    """
    every = np.arange(analytic.size)
    first = look(0, every)
    noise = _resolution(analytic, first, limits, near)
    error = trusted_error(first, noise)
    found = Judgment(
        analytic, first.value.copy(), error, error, np.zeros(every.size), error > 0, error > 0
    )
    found.judge(limits)
    _refine(found, first, look, noise, limits, near)
    closer.between(found, first, look, noise)
    moves = float(np.nanmax(np.maximum(abs(first.left), abs(first.right)) * first.step, initial=0))
    resolved = noise <= RESOLVED * max(limits.scale, moves)
    closer.coarsen(found, look, noise, limits, resolved)
    closer.confirm(found, look, noise, limits)
    found.bad &= np.isfinite(found.error)
    _unresolved(found, first, noise, limits)
    found.blind = blind(found, noise, limits, resolved)
    return found


def _resolution(analytic: Floats, first: Slopes, limits: Limits, near: Near) -> float:
    """Return the noise, no less than the resolution of φ where it doesn't move though it should."""
    noise, still = limits.noise, (first.value == 0.0) & (first.spread == 0.0) & (first.bend == 0.0)
    if still.any():
        noise = max(noise, limits.grain)
    if still[analytic != 0.0].all() and analytic.any():
        noise = max(noise, limits.unit)  # of what it is rounded from there is no telling
    if analytic.any():  # else a whole gradient may be forgotten
        still &= np.abs(analytic) * first.step > ROUGH * noise
    largest = np.argsort(-np.abs(analytic) * still)[: min(ASKED, int(still.sum()))]
    return max([noise, *(near.resolution(int(i), 0) for i in largest)])


def _moves_in_steps(which: Indices, still: Mask, level: int, near: Near) -> bool:
    """Tell whether φ moves in steps where it stands still on a level; asked at a few places."""
    return any(near.resolution(int(i), level) > 0.0 for i in which[still][:ASKED])


def _refine(
    found: Judgment, first: Slopes, look: Look, noise: float, limits: Limits, near: Near
) -> None:
    """Take finer and finer steps where in doubt, and find the kinks."""
    rounding = noise / first.step
    vague = found.error > np.maximum(NOISY * rounding, TIGHT * np.abs(found.value))
    which = np.flatnonzero(vague | found.bad)
    stayed = np.zeros(which.size, dtype=int)
    before, clear = first.take(which), {int(i): 0 for i in which}
    for level in range(1, FINEST + 1):
        if not which.size:
            break
        fine = look(level, which)
        rounding = noise / fine.step
        still = (fine.value == 0.0) & (fine.spread == 0.0) & (before.value != 0.0)
        still &= _moves_in_steps(which, still, level, near)  # finer than φ resolves
        error = np.where(still, np.inf, trusted_error(fine, noise))
        found.adopt(which, fine, error, level)
        seen = fine.jump > CLEAR * rounding
        with np.errstate(invalid="ignore"):
            size = np.maximum(np.abs(fine.left), np.abs(fine.right))
            stays = (fine.jump >= 0.5 * before.jump) & (fine.jump <= 2.0 * before.jump)
            sides = np.abs(fine.left - fine.outer_left) + np.abs(fine.right - fine.outer_right)
            stays &= seen & (fine.jump > HINT * size) & (sides <= 0.5 * fine.jump)
        stayed = np.where(stays, stayed + 1, 0)
        kink = stayed >= STAYS
        for k in np.flatnonzero(kink):
            _meet_kink(found, int(which[k]), fine.take(np.array([k])), noise, limits, near)
        found.judge(limits)
        clear |= {int(i): level for i in which[seen]}
        untrusted = ~np.isfinite(found.error[which])
        more = found.bad[which] | untrusted
        more |= found.error[which] > np.maximum(
            NOISY * rounding, TIGHT * np.abs(found.value[which])
        )
        with np.errstate(invalid="ignore"):
            lost = rounding > np.maximum(size, np.abs(found.analytic[which]))
            useless = (rounding > found.error[which]) | (untrusted & lost)
        again = more & ~kink & ~useless & ~still
        which, stayed, before = which[again], stayed[again], fine.take(np.flatnonzero(again))
    lost = ~np.isfinite(found.error) & ~found.at_kink
    lost[which] = False
    for level in sorted({clear[i] for i in np.flatnonzero(lost).tolist() if i in clear}):
        these = [i for i in np.flatnonzero(lost).tolist() if clear.get(i) == level]
        _hidden(found, np.asarray(these), level, look, noise, limits, near)
    found.judge(limits)


def _hidden(
    found: Judgment,
    which: Indices,
    level: int,
    look: Look,
    noise: float,
    limits: Limits,
    near: Near,
) -> None:
    """Judge where finer steps than those of a level are lost in noise.

    A jump that is as large over coarser steps is a kink, maybe one a little beside the point: the
    slopes farther out are those of its sides. Else a bar counts that holds all slopes around the
    point, where it is small beside other gradients.
    """
    steps = [look(level - coarser, which) for coarser in COARSER]
    one, other = steps[0], steps[-1]
    with np.errstate(invalid="ignore"):  # where φ overflows
        jumps = np.stack([s.outer_right - s.outer_left for s in steps])
        clear = (np.abs(jumps) * np.stack([s.step for s in steps]) > CLEAR * noise).all(axis=0)
        clear &= np.ptp(jumps, axis=0) <= SAME * np.abs(jumps).min(axis=0)
        far = REFINEMENT ** COARSER[-1] - 1.0
        left = one.outer_left - (other.outer_left - one.outer_left) / far
        right = one.outer_right - (other.outer_right - one.outer_right) / far
        sides = np.stack([one.left, one.right, one.outer_left, one.outer_right])
        error = np.abs(sides - one.value).max(axis=0) + 4.0 * noise / one.step
        fits = np.abs(found.analytic[which] - one.value) <= error
        fits &= 2.0 * error <= negligible(found, noise, limits)[which]
    kinks = replace(one, left=left, outer_left=left, right=right, outer_right=right)
    for k in np.flatnonzero(clear):
        _meet_kink(found, int(which[k]), kinks.take(np.array([k])), noise, limits, near)
    found.adopt(which, one, np.where(fits & ~clear, error, np.inf), level)
    rest = which[~clear]
    for finer in FINER:
        fine = look(level + finer, rest)
        found.adopt(rest, fine, trusted_error(fine, noise), level + finer)


def _meet_kink(
    found: Judgment, i: int, s: Slopes, noise: float, limits: Limits, near: Near
) -> None:
    """Judge a coordinate that lies at a kink: between the slopes, or the sums of their jumps."""
    left = float(1.5 * s.left[0] - 0.5 * s.outer_left[0])  # extrapolated to the point itself
    right = float(1.5 * s.right[0] - 0.5 * s.outer_right[0])
    if not (np.isfinite(left) and np.isfinite(right)):
        return
    error = np.asarray([4.0 * noise / float(s.step[0])])
    own = found.analytic[i : i + 1]
    value = np.clip(own, min(left, right), max(left, right))
    margin = float(limits.allowed(error, own, value, np.array([i]))[0])
    outside = abs(float(own[0] - value[0])) > margin
    several = False
    if outside:
        up, down = near.jumps(i)
        others = SEEN * (down if right > left else up)
        low, high = min(left, right) - others, max(left, right) + others
        several = low - margin <= own[0] <= high + margin
        outside = not several
    found.kinks.append(KinkAt(i, left, right, several))
    found.error[i], found.value[i], found.bad[i] = error[0], value[0], outside


def _unresolved(found: Judgment, first: Slopes, noise: float, limits: Limits) -> None:
    """Leave open what may be too steep to be seen: φ looks like noise, as in chaos it does."""
    if noise <= UNEXPECTED * limits.expected:
        return
    steep = np.abs(found.analytic) * first.step / float(REFINEMENT) ** FINEST > ROUGH * noise
    lost = found.bad & steep & (np.abs(found.value) <= 2.0 * found.error)
    found.bad &= ~lost
    found.error[lost] = np.inf
