"""Functions of two numbers, evaluated over a square grid."""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Limits: TypeAlias = tuple[float, float]
Floats: TypeAlias = npt.NDArray[np.float64]


def grid(limits: Limits, count: int) -> tuple[Floats, Floats]:
    """Return the coordinates of a square grid, shape (count, count) each."""
    low, high = limits
    if not low < high:
        raise ValueError(f"`limits` must be (low, high), low < high; got {limits}")
    line = np.linspace(low, high, count)
    x0, x1 = np.meshgrid(line, line)
    return x0, x1


def points_of(x0: Floats, x1: Floats) -> Floats:
    """Return a grid's points, one a row: shape (N, 2)."""
    return np.stack([x0.reshape(-1), x1.reshape(-1)], axis=1)


def values_on(f: Callable[[Floats], Any], x0: Floats, x1: Floats) -> Floats:
    """Return `f` at each point of a grid, in the grid's shape."""
    values = [f(point) for point in points_of(x0, x1)]
    given = getattr(values[0], "shape", ())
    if given != ():
        raise ValueError(f"`f` must return a number for an array of shape (2,); got shape {given}")
    return np.array([float(value) for value in values]).reshape(x0.shape)
