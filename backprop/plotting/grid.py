"""Functions of two numbers over a square, evaluated on the host."""

from collections.abc import Callable
from typing import Any, TypeAlias

import backends
from backends import Array

Limits: TypeAlias = tuple[float, float]


def grid(limits: Limits, count: int) -> tuple[Array, Array]:
    """Return the coordinates of a square grid on the host, shape (count, count) each."""
    low, high = limits
    if not low < high:
        raise ValueError(f"`limits` must be (low, high), low < high; got {limits}")
    host = backends.host()
    line = host.xp.linspace(low, high, count, dtype=host.xp.float64, device=host.device)
    x0, x1 = host.xp.meshgrid(line, line)
    return x0, x1


def points_of(x0: Array, x1: Array) -> Array:
    """Return a grid's points, one a row: shape (N, 2)."""
    return backends.namespace(x0).stack([x0.reshape(-1), x1.reshape(-1)], axis=1)


def values_on(f: Callable[[Array], Any], x0: Array, x1: Array) -> Array:
    """Return `f` at each point of a grid, in the grid's shape."""
    values = [f(point) for point in points_of(x0, x1)]
    given = getattr(values[0], "shape", ())
    if given != ():
        raise ValueError(f"`f` must return a number for an array of shape (2,); got shape {given}")
    values = [float(value) for value in values]
    return backends.host().asarray(values).reshape(x0.shape)
