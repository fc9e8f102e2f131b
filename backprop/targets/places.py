"""Where gradients stand: in what backward returns, beside the parameters, or elsewhere."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt

import backends
from backprop.arrays import shape
from backprop.numerical.pieces import flat64
from backprop.targets.nested import is_real, leaves
from backprop.targets.objects import attribute, is_known_array
from backprop.targets.parts import Step
from backprop.targets.paths import follow

Keys = tuple[Any, ...]
Floats = npt.NDArray[np.float64]

PARAMS = {
    "params": ("grads", "gradients", "dparams", "grad"),
    "parameters": ("gradients", "grads", "grad"),
    "_parameters": ("_gradients",),
    "weights": ("gradients", "grads"),
}
"""Names that dictionaries and lists of parameters go by, and those of their gradients."""

NAMES = (
    "d{}", "d_{}", "D{}", "grad_{}", "{}_grad", "{}grad", "grad{}", "g{}", "dLd{}", "dL_d{}",
    "d_L_d_{}", "dL{}", "{}_gradient", "gradient_{}", "delta_{}", "nabla_{}", "{}_update", "{}_g",
    "del_{}", "{}_delta", "grads_{}", "{}_grads", "d{}s",
)  # fmt: skip
"""Names of the gradient of an array, from the array's."""
INPUT_NAMES = ("dinputs", "dinput", "dx", "dX", "grad_input", "grad_x", "input_grad", "delta")
"""Attributes in which the gradient by the input is kept, where backward returns nothing."""
_VALUES = ("data", "value", "values", "val", "array", "tensor")
_SLOPES = ("grad", "gradient", "g", "diff", "derivative")  # of these, beside them
_ON_ARRAYS = ("grad", "g")  # attributes of an array that hold its gradient


@dataclass(frozen=True)
class Where:
    """Where a gradient is found after a backward pass.

    Attributes
    ----------
    keys, root
        The keys in what backward returned, or the path from the object `root` that keeps it.
    before, rate
        What the array was, and the learning rate, if the gradient is by how much it was moved.
    """

    keys: tuple[Any, ...]
    root: Any = None
    before: Floats | None = field(default=None, compare=False)
    rate: float = 0.0

    @property
    def is_kept(self) -> bool:
        """Whether the gradient is kept by an object after the pass."""
        return self.root is not None and self.before is None

    def read(self, returned: Any) -> Any:
        """Return the gradient; None where there is none."""
        try:
            if self.root is None:
                return follow(returned, tuple(("item", key) for key in self.keys))
            value = follow(self.root, self.keys)
        except (AttributeError, KeyError, IndexError, TypeError):
            return None
        if "sparse" in str(getattr(value, "layout", "")):
            return value.to_dense()
        if self.before is not None:
            moved = (self.before - flat64(value)) / self.rate
            return backends.of(value).asarray(moved.reshape(shape(value)), value.dtype)
        return value


def of_inputs(
    returned: Any, inputs: Sequence[Any], names: Sequence[str], wanted: Sequence[Keys]
) -> tuple[dict[Keys, Where], list[Keys]]:
    """Return where the gradients by inputs stand in what backward returned, and what is left over.

    Parameters
    ----------
    returned : object
        An array, or a tuple, list or dictionary.
    inputs : sequence
        The inputs, which may be nested.
    names : sequence of str
        Their names.
    wanted : sequence of tuple
        The keys of the floating arrays among the inputs.
    """
    if not wanted:
        return {}, [keys for keys, leaf in leaves(returned) if is_real(leaf)]
    if not isinstance(returned, tuple | list | dict):
        is_value = is_known_array(returned) or isinstance(returned, Real)
        return ({wanted[0]: Where(())} if is_value else {}), []
    pairs = _positions(returned, inputs, names, wanted)
    known = dict(leaves(returned))
    found = {w: Where(keys) for w, keys in pairs.items() if is_real(known.get(keys))}
    used = {where.keys for where in found.values()}
    return found, [k for k in known if is_real(known[k]) and k not in used]


def _positions(
    returned: Any, inputs: Sequence[Any], names: Sequence[str], wanted: Sequence[Keys]
) -> dict[Keys, Keys]:
    only = only_input(returned, inputs, names)
    nested = None if only is None else inputs[only]
    if only is not None:
        wanted = [place for place in wanted if place[0] == only]
    if isinstance(returned, dict) and isinstance(nested, dict) and returned.keys() == nested.keys():
        return {place: place[1:] for place in wanted}
    if isinstance(returned, dict):
        found: dict[Keys, Keys] = {}
        inside = isinstance(nested, dict)  # whether the keys are those of an only input
        for place in wanted:
            name = place[1] if inside else names[place[0]]
            key = next((key for key in (*_tries(name), place[0]) if key in returned), None)
            if key is not None:
                found[place] = (key, *place[2 if inside else 1 :])
        return found
    if len(returned) == len(inputs) and (only is None or len(inputs) == 1):
        return {place: place for place in wanted}
    if isinstance(nested, tuple | list | dict) and len(returned) == len(nested):
        order = list(nested) if isinstance(nested, dict) else list(range(len(nested)))
        return {place: (order.index(place[1]), *place[2:]) for place in wanted}
    if len(returned) == len(wanted):
        return {place: (i,) for i, place in enumerate(wanted)}
    return {place: place for place in wanted if place[0] < len(returned)}


def only_input(returned: Any, inputs: Sequence[Any], names: Sequence[str]) -> int | None:
    """Return the number of the one input that all gradients are by: the only one, or of their form.

    So does a function of (params, x) that returns a dictionary or list like its `params`.
    """
    if len(inputs) == 1:
        return 0
    if isinstance(returned, dict):
        held = [i for i, x in enumerate(inputs) if isinstance(x, dict) and is_named(x, returned)]
        return held[0] if len(held) == 1 and not is_named(names, returned) else None
    form = _form(returned)
    if isinstance(returned, tuple | list) and form != _form(inputs):
        held = [i for i, x in enumerate(inputs) if isinstance(x, tuple | list) and _form(x) == form]
        return held[0] if len(held) == 1 else None
    return None


def is_named(names: Iterable[Any], gradients: Mapping[Any, Any]) -> bool:
    """Tell whether one of the gradients is called by one of the names, or as a gradient of it."""
    return any(key in gradients for name in names for key in _tries(name))


def _tries(name: Any) -> tuple[Any, ...]:
    return (name, *(pattern.format(name) for pattern in NAMES))


def _form(value: Any) -> list[Any]:
    return [(keys, getattr(leaf, "shape", ())) for keys, leaf in leaves(value)]


def of_input_attribute(roots: Sequence[Any], name: str) -> Where | None:
    """Return where an object keeps the gradient by its input, by name."""
    for root in roots:
        for other in (*(pattern.format(name) for pattern in NAMES), *INPUT_NAMES):
            if is_real(attribute(root, other)):
                return Where((("attribute", other),), root)
    return None


def hanging(inputs: Sequence[Any], i: int) -> Where | None:
    """Return where the gradient by an input hangs on the input itself."""
    for name in _ON_ARRAYS:
        if is_known_array(inputs[i]) and is_real(getattr(inputs[i], name, None)):
            return Where((("item", i), ("attribute", name)), inputs)
    return None


def named(
    roots: Sequence[Any], path: tuple[Step, ...], returned: Any, only_returned: bool = False
) -> Where | None:
    """Return where the gradient of a parameter stands, by its name or place."""
    for keys in (keys for outer in _dictionaries(returned) for keys in _in_returned(outer, path)):
        if is_real(Where(keys).read(returned)):
            return Where(keys)
    for other in () if only_returned else _beside(path):
        for where in (Where(other, root) for root in roots):
            if is_real(where.read(None)):
                return where
    return None


def _dictionaries(returned: Any) -> list[Keys]:
    if isinstance(returned, dict):
        return [()]
    items = returned if isinstance(returned, tuple | list) else ()
    return [(i,) for i, value in enumerate(items) if isinstance(value, dict)]


def _in_returned(outer: Keys, path: tuple[Step, ...]) -> Iterator[Keys]:
    for start in range(len(path)):
        keys = (*outer, *(key for _, key in path[start:]))
        yield keys
        if isinstance(keys[-1], str):
            yield from ((*keys[:-1], pattern.format(keys[-1])) for pattern in NAMES)


def _beside(path: tuple[Step, ...]) -> Iterator[tuple[Step, ...]]:
    """Yield the paths at which the gradient of what lies at `path` can be expected."""
    yield from ((*path, ("attribute", name)) for name in _ON_ARRAYS)
    for i in reversed(range(len(path))):
        kind, key = path[i]
        if not isinstance(key, str):
            continue
        kind = "attribute" if kind in ("property", "shared") else kind
        head, rest = path[:i], path[i + 1 :]
        for other in PARAMS.get(key, ()):
            for tail in _leaf_names(rest):
                yield (*head, (kind, other), *tail)
        for other in _other_names(key):
            yield (*head, (kind, other), *rest)
        for other in _SLOPES if key.strip("_") in _VALUES else ():
            yield from ((*head, (kind, name), *rest) for name in (other, f"_{other}"))
    kind, key = path[-1]
    for grads in ("grads", "gradients", "grad", "derivatives"):  # W beside grads["W"]
        for name in (key, *_other_names(key)) if isinstance(key, str) else (key,):
            yield (*path[:-1], ("attribute", grads), ("item", name))


def _leaf_names(rest: tuple[Step, ...]) -> Iterator[tuple[Step, ...]]:
    yield rest
    if rest and isinstance(rest[-1][1], str):
        kind, key = rest[-1]
        yield from ((*rest[:-1], (kind, name)) for name in _other_names(key))


def _other_names(key: str) -> Iterator[str]:
    bare = key.lstrip("_")
    for pattern in NAMES:
        yield pattern.format(bare)
        if bare != bare.lower():
            yield pattern.format(bare.lower())
        if bare != key:
            yield "_" + pattern.format(bare)
