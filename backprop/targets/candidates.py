"""Arrays that may be gradients without a name that is known: told by their values."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from backprop.numerical.pieces import fingerprint, flat_host
from backprop.targets.nested import is_real
from backprop.targets.objects import is_array
from backprop.targets.places import Where
from backprop.targets.reach import Reached, reachable

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

ALIKE = 0.7
"""How parallel an unnamed array must be to the numerical gradient, to be taken for the gradient."""
_PROBED = 24  # coordinates that tell which unnamed array is the gradient


def probed(size: int) -> Indices:
    """Return the coordinates that tell which unnamed array of a size is the gradient."""
    return np.unique(np.linspace(0, size - 1, min(size, _PROBED)).astype(np.intp))


@dataclass(frozen=True)
class Candidate:
    """An array that may be a gradient: where it is, its size, and its values where it is probed."""

    where: Where
    size: int
    values: Floats

    @classmethod
    def of(cls, where: Where, x: Any) -> "Candidate":
        """Return the candidate for an array."""
        values = flat_host(x)
        return cls(where, values.size, values[probed(values.size)].astype(np.float64))

    def stays(self, returned: Any) -> bool:
        """Tell whether it is the same after another backward pass."""
        now = self.where.read(returned)
        again = Candidate.of(self.where, now) if is_array(now) else None
        return again is not None and np.array_equal(again.values, self.values)


class Made:
    """The floating arrays that a backward pass made or changed.

    Parameters
    ----------
    roots : sequence of object
        The objects, as a forward pass left them.
    """

    def __init__(self, roots: Sequence[Any]) -> None:
        self._roots = roots
        self._before = {
            id(found.value): (found.value, fingerprint(found.value)) for _, found in self._arrays()
        }

    def _arrays(self) -> Iterator[tuple[Any, Reached]]:
        for root in self._roots:
            for found in reachable(root):
                if found.path and is_array(found.value) and is_real(found.value):
                    yield root, found

    def found(self) -> list[Candidate]:
        """Return the arrays that are new or other than before."""
        made = []
        for root, found in self._arrays():
            old = self._before.get(id(found.value))
            if old is None or fingerprint(found.value) != old[1]:
                made.append(Candidate.of(Where(found.path, root), found.value))
        return made


def most_alike(candidates: Sequence[Candidate], numerical: Floats) -> Where | None:
    """Return where the array stands that is most parallel to the numerical gradient, if one is.

    Parameters
    ----------
    candidates : sequence of Candidate
        Of the parameter's size.
    numerical : array, shape (m,)
        The slopes where they were probed.
    """
    best, where = ALIKE, None
    for place, own in ((candidate.where, candidate.values) for candidate in candidates):
        size = float(np.linalg.norm(own) * np.linalg.norm(numerical))
        alike = abs(float(own @ numerical)) / size if size > 0 else 0.0
        if alike > best + 1e-9:
            best, where = alike, place
    return where
