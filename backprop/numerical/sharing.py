"""Evaluations that several processes share, and their results put together."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from backends import Array, namespace
from backprop.numerical.pieces import flat64
from backprop.parallel import Communicator

ALIKE = 1e-3
"""In any dtype, rounding alone makes no larger difference between processes."""

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


def check_alike(communicator: Communicator, arrays: Mapping[str, Array]) -> None:
    """Raise a ValueError, in all processes, unless they have the same arrays, but for rounding."""
    mine = {name: flat64(x) for name, x in arrays.items()}
    first = communicator.from_first(mine)
    others = [name for name, x in mine.items() if name not in first or _differ(x, first[name])]
    if communicator.total(np.asarray([float(bool(others))]))[0] > 0:
        where = f"`{others[0]}` is another here" if others else "another one's differ"
        raise ValueError(f"all processes must have the arrays of the first one; {where}")


def _differ(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> bool:
    if x.shape != y.shape:
        return True
    with np.errstate(invalid="ignore"):
        return bool(np.abs(x - y).max(initial=0.0) > ALIKE * np.abs(y).max(initial=0.0))
