"""Slopes of a function of one number from its changes over two steps, on the host.

From the changes at x ± h and x ± 2h come the derivative, extrapolated to h = 0 (L. F.
Richardson), and what tells how good it is: by how much the quotients of the two steps differ, by
how much the slopes on the two sides do, and the fourth difference, which is what a cubic leaves
over: rounding, or a kink.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FACTORS = (1, -1, 2, -2)
"""Where the function is evaluated, in steps; the changes of `slopes` come in this order."""

_MORE = 4  # levels beyond the finest, for what bends on all of them

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Slopes:
    """Slopes at n points, shape (n,) each.

    Attributes
    ----------
    value
        The derivative, from both steps.
    spread
        How far the quotients over the two steps lie apart: more than what is left out.
    left, right
        The slopes on either side, over the smaller step.
    outer_left, outer_right
        The slopes farther out, between the smaller step and the larger one.
    bend
        The size of the fourth difference.
    step
        The smaller step.
    """

    value: Floats
    spread: Floats
    left: Floats
    right: Floats
    outer_left: Floats
    outer_right: Floats
    bend: Floats
    step: Floats

    @property
    def jump(self) -> Floats:
        """How far the slopes on either side lie apart."""
        return np.abs(self.right - self.left)

    def take(self, which: npt.NDArray[np.intp]) -> "Slopes":
        """Return the slopes at some of the points."""
        return Slopes(**{name: value[which] for name, value in vars(self).items()})


def slopes(changes: Floats, distances: Floats) -> Slopes:
    """Return the slopes from changes of the function, in the order of `FACTORS`.

    Parameters
    ----------
    changes : array, shape (4, n)
        f(x + d) - f(x).
    distances : array, shape (4, n)
        d, which rounding may have made a little other than a multiple of h.
    """
    with np.errstate(all="ignore"):  # where the function is not finite, nor are the slopes
        near = (changes[0] - changes[1]) / (distances[0] - distances[1])
        far = (changes[2] - changes[3]) / (distances[2] - distances[3])
        value = near + (near - far) / 3.0
        value = np.where(np.isfinite(value), value, np.nan)  # inf would be as large as any error
        curved = changes - value * distances  # distances are rounded: without what that does
        return Slopes(
            value=value,
            spread=np.abs(near - far),
            left=changes[1] / distances[1],
            right=changes[0] / distances[0],
            outer_left=(changes[1] - changes[3]) / (distances[1] - distances[3]),
            outer_right=(changes[2] - changes[0]) / (distances[2] - distances[0]),
            bend=np.abs(curved[2] + curved[3] - 4.0 * (curved[0] + curved[1])),
            step=np.abs(distances[0]),
        )


def converged(
    look: Callable[[int, npt.NDArray[np.intp]], Slopes],
    count: int,
    noise: float | npt.NDArray[np.float64],
    finest: int,
) -> Floats:
    """Return derivatives at `count` points, with finer steps wherever the first was too large.

    Two quotients that differ tell that the function bends within the step, and so does an even
    part that grows by less than the square of the step; then a finer level decides. Of those that
    don't bend the one with the smallest error does, unless a finer one contradicts it. Where the
    slopes on both sides stay what they are there is a kink, and their mean is the value.

    Parameters
    ----------
    look : callable
        Gives the slopes at some of the points, by their numbers, on a level of refinement.
    count : int
        How many points.
    noise : float or array, shape (count,)
        How much rounding changes a value of the function.
    finest : int
        The last level; where the function bends on that too, a few more follow.

    Returns
    -------
    array, shape (count,)
        nan where the function is not finite on any level.
    """
    value, error = np.full(count, np.nan), np.full(count, np.inf)
    before, jump = np.full(count, np.nan), np.full(count, np.nan)  # on the level before
    noise = np.broadcast_to(noise, count)
    which = np.arange(count)
    steady = np.zeros(count, dtype=bool)  # whether it had a slope there but for its even part
    for level in range(finest + 1 + _MORE):
        if not which.size:
            break
        found = look(level, which)
        with np.errstate(invalid="ignore", divide="ignore"):
            rounding = noise[which] / found.step
            size = np.abs(found.value)
            uneven = _uneven(found) & (found.jump > 10.0 * rounding)
            unsure = found.spread + np.where(uneven, found.jump, 0.0)
            bends = ~(unsure <= 0.1 * size + 10.0 * rounding)
            own = np.where(bends, np.inf, unsure + rounding)
            apart = np.abs(found.value - before[which])
            kink = uneven & (apart <= 1e-6 * (size + found.jump) + 10.0 * rounding)
            kink &= np.abs(found.jump - jump[which]) <= 0.1 * found.jump
            better = (own < error[which]) | (np.isinf(own) & np.isinf(error[which]))
            far = np.abs(found.value - value[which])
            better |= np.isfinite(own) & (far > 10.0 * (own + error[which]))
            still = steady[which] & _flat(found)  # what moves in steps stands still between them
            better &= np.isfinite(found.value) & ~kink & ~still
            steady[which] = (found.spread <= 0.1 * size) & (size > 0)
            vague = bends | ~(own <= 30.0 * rounding + 1e-9 * size)
        before[which], jump[which] = found.value, np.where(uneven, found.jump, np.nan)
        value[which[better]], error[which[better]] = found.value[better], own[better]
        more = better if level < finest else np.zeros_like(better)
        which = which[vague & (more | bends) & ~kink & ~still]
    return value


def _uneven(found: Slopes) -> npt.NDArray[np.bool_]:
    """Tell where the even part over twice the step is not about four times as large: no parabola.

    It is twice as large at a kink, and as large where the function has left a peak behind.
    """
    outer = found.outer_right - found.outer_left
    inner = found.right - found.left
    return np.abs(inner + outer) < 3.0 * np.abs(inner)


def _flat(found: Slopes) -> npt.NDArray[np.bool_]:
    sides = np.stack([found.left, found.right, found.outer_left, found.outer_right])
    return np.asarray((sides == 0.0).all(axis=0))
