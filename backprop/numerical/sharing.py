"""Evaluations that several processes share, and their results put together."""

from collections.abc import Callable
from typing import TypeAlias

from backends import Array, namespace
from backprop.parallel import Communicator

Share: TypeAlias = Callable[[int], tuple[int, int]]
"""From a number of evaluations to the first one that is made here, and the one after the last."""


def alone(count: int) -> tuple[int, int]:
    """Return the share of a process that has no others: all."""
    return 0, count


def put_together(arrays: dict[str, Array], communicator: Communicator) -> dict[str, Array]:
    """Return arrays of which each process has a part, and 0 elsewhere: one sum of each."""
    found = {}
    for name, x in arrays.items():
        xp = namespace(x)
        flat = xp.reshape(xp.astype(x, x.dtype, copy=True), (-1,))
        found[name] = xp.reshape(communicator.total(flat), x.shape)
    return found
