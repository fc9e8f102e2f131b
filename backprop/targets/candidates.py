"""Arrays that may be gradients without a name that is known: told by their values."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from backprop.numerical.pieces import fingerprint, flat_host
from backprop.targets.nested import is_real
from backprop.targets.objects import is_known_array
from backprop.targets.places import Where
from backprop.targets.reach import Reached, reachable

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

ALIKE = 0.7
"""How parallel an unnamed array must be to the numerical gradient, to be taken for the gradient."""
_PROBED = 24  # coordinates that tell which unnamed array is the gradient


def probed(values: npt.NDArray[Any]) -> Indices:
    """Return the coordinates that tell whether an array is the gradient: some where it is not 0."""
    own = np.flatnonzero(values)
    return np.unique(np.concatenate([_spread(values.size), own[_spread(own.size)]]))


def _spread(size: int) -> Indices:
    return np.linspace(0, max(size - 1, 0), min(size, _PROBED)).astype(np.intp)


@dataclass(frozen=True)
class Candidate:
    """An array that may be a gradient: where it is, its size, and its values where it is probed."""

    where: Where
    size: int
    indices: Indices
    values: Floats

    @classmethod
    def of(cls, where: Where, x: Any) -> "Candidate":
        """Return the candidate for an array."""
        values = flat_host(x)
        indices = probed(values)
        return cls(where, values.size, indices, values[indices].astype(np.float64))

    def stays(self, returned: Any) -> bool:
        """Tell whether it is the same after another backward pass."""
        now = self.where.read(returned)
        values = flat_host(now) if is_known_array(now) else np.zeros(0)
        return values.size == self.size and np.array_equal(values[self.indices], self.values)


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
                if found.path and is_known_array(found.value) and is_real(found.value):
                    yield root, found

    def is_new(self, x: Any) -> bool:
        """Tell whether an array is new or other than before; what is no array counts as new."""
        old = self._before.get(id(x))
        return old is None or fingerprint(x) != old[1]

    def found(self) -> list[Candidate]:
        """Return the arrays that are new or other than before."""
        made = []
        for root, found in self._arrays():
            if self.is_new(found.value):
                made.append(Candidate.of(Where(found.path, root), found.value))
        return made


def most_alike(
    candidates: Sequence[Candidate], slopes: Callable[[Indices], Floats]
) -> Where | None:
    """Return where the array stands that is most parallel to the numerical gradient, if one is.

    Parameters
    ----------
    candidates : sequence of Candidate
        Of the parameter's size.
    slopes : callable
        Gives the numerical slopes at coordinates.
    """
    every = np.unique(np.concatenate([candidate.indices for candidate in candidates]))
    known = slopes(every)
    best, where = ALIKE, None
    for candidate in candidates:
        place, own = candidate.where, candidate.values
        numerical = known[np.searchsorted(every, candidate.indices)]
        size = float(np.linalg.norm(own) * np.linalg.norm(numerical))
        alike = abs(float(own @ numerical)) / size if size > 0 else 0.0
        if alike > best + 1e-9:
            best, where = alike, place
    return where
