"""Numerical slopes with error bars, from two step sizes.

The difference between the values of two steps tells the truncation, the rounding of the function
tells the round-off; together they are the error bar.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import backends
from backprop.gradients import steps
from backprop.gradients.probe import NetworkProbe, Probe

_FACTORS = (1, -1, 2, -2)


@dataclass(frozen=True)
class Slopes:
    """Slopes of φ at some coordinates, or along one direction: host arrays, shape (n,).

    Attributes
    ----------
    value, error
        The derivative and its error bar.
    left, right
        The slopes on either side, over the smaller step.
    noise
        The part of the error bar that comes from rounding.
    jump
        The difference between `left` and `right`.
    rough
        When the step is doubled, the slope on either side of a smooth φ changes by half the jump.
        By how much it does not, on the rougher side.
    """

    value: Any
    error: Any
    left: Any
    right: Any
    noise: Any
    jump: Any
    rough: Any


def slopes_at(
    probe: Probe, name: str, indices: Sequence[int], step: float | None, refined: int = 1
) -> Slopes:
    """Return the slopes of φ by the entries of an array at flat `indices`.

    Parameters
    ----------
    probe : Probe
        φ.
    name : str
        The array.
    indices : sequence of int
        Flat indices.
    step : float or None
        The smaller step; if None, chosen from the dtype and each entry's magnitude.
    refined : int
        By how much the step is made smaller.
    """
    xp = backends.host().xp
    h = (steps.step_for(probe.eps(name)) if step is None else step) / refined
    offsets = tuple(f * h for f in _FACTORS)
    if isinstance(probe, NetworkProbe) and probe.is_worthwhile(len(indices), offsets):
        changes = probe.all_changes(name, offsets)[:, list(indices)]
        return _slopes(probe, changes, xp.asarray([[f * h] for f in _FACTORS]))
    host = probe.host(name)
    sizes = [h if step is not None else h * max(1.0, abs(host[i])) for i in indices]
    moves = [(i, f * size) for f in _FACTORS for i, size in zip(indices, sizes, strict=True)]
    changes, distances = probe.changes(name, moves)
    return _slopes(probe, xp.asarray(changes).reshape(4, -1), xp.asarray(distances).reshape(4, -1))


def slope_along(
    probe: Probe, name: str, direction: Any, step: float | None, refined: int = 1
) -> Slopes:
    """Return the slope of φ along a direction, a flat host array; parameters as in `slopes_at`."""
    xp = backends.host().xp
    h = (steps.step_for(probe.eps(name)) if step is None else step) / refined
    changes, distances = probe.changes_along(name, direction, [f * h for f in _FACTORS])
    return _slopes(probe, xp.asarray(changes).reshape(4, 1), xp.asarray(distances).reshape(4, 1))


def _slopes(probe: Probe, changes: Any, distances: Any) -> Slopes:
    xp = backends.host().xp
    near = (changes[0] - changes[1]) / (distances[0] - distances[1])
    far = (changes[2] - changes[3]) / (distances[2] - distances[3])
    spread = xp.abs(near - far)
    noise = probe.noise() / distances[0] + 0.0 * near
    right, left, far_right, far_left = changes / distances
    jump = xp.abs(right - left)
    bends = xp.abs(far_right - right), xp.abs(far_left - left)
    return Slopes(
        value=near + (near - far) / 3.0,
        error=spread + noise,
        left=left,
        right=right,
        noise=noise,
        jump=jump,
        rough=xp.maximum(*(xp.abs(bend - 0.5 * jump) for bend in bends)),
    )
