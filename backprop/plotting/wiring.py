"""Places of circles in columns, and of texts on the lines from each column to the next.

Lengths are points, 1/72 inch; x to the right and y upwards.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from backprop.plotting.grid import Floats

RADIUS = 16.0  # of a circle
ROW_HEIGHT = 58.0
MIN_GAP = 150.0  # between the middles of two columns
TEXT_GAP = 1.5  # around a text
_WIDENING = 1.15
_TRIED = 41  # places for each text
_NEAR = 0.3  # of the way, from where a line leaves: there its text stands if all is equal


@dataclass(frozen=True)
class Wires:
    """The lines from one column of circles to the next, L in all.

    `starts` and `ends` are their heights, shape (L,); `sizes` the width and height of the text on
    each, shape (L, 2).
    """

    starts: Floats
    ends: Floats
    sizes: Floats


def heights(count: int) -> Floats:
    """Return the heights of circles above each other, from the top, around 0; shape (count,)."""
    return np.linspace(0.5, -0.5, count) * ROW_HEIGHT * (count - 1)


def lay_out(wires: list[Wires]) -> tuple[float, list[Floats]]:
    """Return how far apart columns stand, and the middle of each text, right of its column.

    The columns stand as far apart as it takes for all texts to find places.
    """
    gap = MIN_GAP
    while True:
        places = [places_between(each, gap) for each in wires]
        found = [place for place in places if place is not None]
        if len(found) == len(wires):
            return gap, found
        gap *= _WIDENING


def places_between(wires: Wires, gap: float) -> Floats | None:
    """Return the middle of each text, on its line, so that none overlaps another; (L, 2).

    Of the places that are free, a text takes one that the fewest other lines go through. None
    when there is no room.
    """
    slopes = (wires.ends - wires.starts) / gap
    halves = wires.sizes / 2 + TEXT_GAP
    places, taken = np.empty_like(halves), np.empty((0, 4))
    for i, half in enumerate(halves):
        border = RADIUS + half[0]
        if 2 * border > gap:
            return None
        x = np.linspace(border, gap - border, _TRIED)
        tried = np.stack([x, wires.starts[i] + slopes[i] * x], axis=1)
        boxes = np.concatenate([tried - half, tried + half], axis=1)
        cost = _lines_through(boxes, wires.starts, slopes) + np.abs(x / gap - _NEAR)
        cost[_overlap(boxes, taken)] = np.inf
        best = int(np.argmin(cost))
        if np.isinf(cost[best]):
            return None
        places[i] = tried[best]
        taken = np.concatenate([taken, boxes[best : best + 1]])
    return places


def _overlap(boxes: Floats, taken: Floats) -> npt.NDArray[np.bool_]:
    """Tell of each box, (left, bottom, right, top), whether it overlaps one that is taken."""
    a, b = boxes[:, None], taken[None]
    apart = np.any((a[..., :2] >= b[..., 2:]) | (b[..., :2] >= a[..., 2:]), axis=-1)
    overlap: npt.NDArray[np.bool_] = ~np.all(apart, axis=1)
    return overlap


def _lines_through(boxes: Floats, starts: Floats, slopes: Floats) -> Floats:
    """Return how many lines go through each box, that of its own text among them."""
    left, bottom, right, top = boxes.T[..., None]
    sides = np.stack([starts + slopes * left, starts + slopes * right])
    through = (np.min(sides, axis=0) < top) & (np.max(sides, axis=0) > bottom)
    number: Floats = np.sum(through, axis=1, dtype=np.float64)
    return number
