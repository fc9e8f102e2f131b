"""What is checked: the arrays that move the output, where their gradients stand, and the passes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from backprop.arrays import copy_of
from backprop.numerical.perturb import Place
from backprop.targets.objects import is_array
from backprop.targets.passes import Passes
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
    """

    name: str
    passes: Passes
    arrays: dict[str, Place]
    where: dict[str, Where]
    missing: dict[str, str]
    positions: dict[int, str]
    batch: int | None = None
    notes: list[str] = field(default_factory=list)

    def gradients(self, factor: float = 1.0) -> dict[str, Any]:
        """Return copies of the analytic gradients, for the cotangents times `factor`."""
        return self.passes.backward(self.read, factor)

    def read(self, returned: Any) -> dict[str, Any]:
        """Return copies of the gradients that there are right after a backward pass."""
        return {k: copy_of(g) if is_array(g) else g for k, g in self.look(returned).items()}

    def look(self, returned: Any) -> dict[str, Any]:
        """Return the gradients themselves that there are right after a backward pass."""
        return {name: where.read(returned) for name, where in self.where.items()}
