"""What is checked: the arrays that move the output, where their gradients stand, and the passes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from weakref import ReferenceType, ref

import numpy as np

from backprop.arrays import copy_of
from backprop.numerical.perturb import Place
from backprop.targets.objects import is_known_array
from backprop.targets.passes import Passes
from backprop.targets.paths import lying
from backprop.targets.places import Where


@dataclass(frozen=True)
class Options:
    """What a caller says of a target beside its inputs; see `gradcheck`."""

    kwargs: Mapping[str, Any] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    grads: Mapping[str, str] = field(default_factory=dict)
    output: str | None = None
    names: Sequence[str] | None = None
    constants: Sequence[str] = ()


@dataclass
class Subject:
    """A target, brought to one form.

    Attributes
    ----------
    name : str
        What the report calls it.
    passes : Passes
        Its forward and backward passes.
    arrays : dict of str to Place
        What is differentiated by, inputs first.
    where : dict of str to Where
        Where the gradients stand after a backward pass.
    missing : dict of str to str
        Arrays without a gradient, and why.
    positions : dict of int to str
        The names of inputs by position.
    batch : int or None
        Number of samples.
    notes : list of str
        What was left out, and why.
    fresh : set of str
        Gradients whose memory nothing else holds after a pass.
    """

    name: str
    passes: Passes
    arrays: dict[str, Place]
    where: dict[str, Where]
    missing: dict[str, str]
    positions: dict[int, str]
    batch: int | None = None
    notes: list[str] = field(default_factory=list)
    fresh: set[str] = field(default_factory=set)

    def note_fresh(self) -> None:
        """See which gradients are made anew by each pass: those need no copies to be kept."""
        owners = self.passes.backward(lambda v: {k: _owner(g) for k, g in self.look(v).items()})
        self.fresh = {k for k, owner in owners.items() if owner is not None and owner() is None}

    def now(self, name: str) -> Any:
        """Return the array that lies where a parameter was; None where none does."""
        found = (lying(root, self.arrays[name].path) for root in self.passes.calls.roots)
        return next(filter(is_known_array, found), None)

    def rebound(self) -> set[str]:
        """Return the parameters in whose place a forward pass puts other arrays: states."""
        before = {name: place.get() for name, place in self.arrays.items() if place.path}
        found: set[str] = set()
        self.passes.between(
            lambda: found.update(n for n, x in before.items() if self._is_other(n, x))
        )
        return found

    def _is_other(self, name: str, x: Any) -> bool:
        now = self.now(name)
        return now is not None and now is not x

    def gradients(self, factor: float = 1.0) -> dict[str, Any]:
        """Return the analytic gradients, to be kept, for the cotangents times `factor`."""
        return self.passes.backward(self.read, factor)

    def read(self, returned: Any) -> dict[str, Any]:
        """Return the gradients that there are right after a backward pass, to be kept."""
        return {
            name: copy_of(g) if is_known_array(g) and name not in self.fresh else g
            for name, g in self.look(returned).items()
        }

    def look(self, returned: Any) -> dict[str, Any]:
        """Return the gradients themselves that there are right after a backward pass."""
        return {name: where.read(returned) for name, where in self.where.items()}


def _owner(x: Any) -> "ReferenceType[Any] | None":
    """Return a weak reference to what owns the memory of a NumPy array; None of any other."""
    while isinstance(x, np.ndarray) and isinstance(x.base, np.ndarray):
        x = x.base
    return ref(x) if isinstance(x, np.ndarray) and x.base is None else None
