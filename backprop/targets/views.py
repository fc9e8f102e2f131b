"""Arrays that share memory: which part of one is changed with others."""

import math
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

import backends
from backprop.arrays import copy_of
from backprop.numerical.pieces import flat_host


def is_view(x: Any, known: Iterable[Any]) -> bool:
    """Tell whether a change of one of the known arrays changes `x` too: they share memory."""
    return any(bool(part.any()) for part in _shared(x, known))


def is_covered(x: Any, known: Iterable[Any]) -> bool:
    """Tell whether a change of the known floating arrays changes each entry of `x`."""
    covered = np.zeros(math.prod(x.shape), dtype=bool)
    for part in _shared(x, known):
        covered |= part
    return bool(covered.all())


def _shared(x: Any, known: Iterable[Any]) -> Iterator[npt.NDArray[np.bool_]]:
    """Yield which entries of `x` are changed with each of the known arrays."""
    for other in known:
        if other is x or not backends.is_writable(other) or type(other) is not type(x):
            continue
        saved = copy_of(other)
        try:
            other[...] = math.nan
            part = np.isnan(flat_host(x))
        finally:
            other[...] = saved
        yield part
