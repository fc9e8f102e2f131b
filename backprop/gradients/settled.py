"""Noise told from curvature by what a cubic leaves over, on finer and finer levels."""

import itertools
import math
from collections.abc import Callable, Iterable

from backprop.numerical.steps import REFINEMENT

_MARGIN = 100.0  # by which what bends may leave less than it should on a finer level
_GROWS = 8.0  # by which at most noise leaves more on a coarser level: that of few small moves
_FALLS = 16.0  # by which at least what bends leaves less on a level finer by half


def settled(left: Callable[[float], float], least: float, levels: Iterable[int]) -> float:
    """Return the noise of a function from what a cubic leaves over of it on levels of refinement.

    Where the function bends, a finer level leaves 16⁴ times less; where there is noise, as much;
    and where it moves in steps less and less, until nothing is left on a level that is finer.

    Parameters
    ----------
    left : callable
        From a level to what is left on it.
    least : float
        What rounding must be expected to leave.
    levels : iterable of int
        Finer and finer ones.
    """
    seen: list[float] = []
    for level in levels:
        now = left(level)
        if not math.isfinite(now):
            continue
        if now <= least:
            if len(seen) == 1:  # was it on its way down, or does it break off?
                seen.append(left(level - 0.5))
            bent = not seen or min(seen) <= _MARGIN * least * REFINEMENT**4
            level_off = any(a <= _GROWS * b for a, b in itertools.pairwise(seen[:-1]))
            steep = _FALLS**2 if level_off else _FALLS  # noise falls as few small moves are left
            falls = len(seen) < 2 or not seen[-1] > seen[-2] / steep
            return now if bent and falls else min(seen)
        seen.append(now)
    return min(seen, default=0.0)
