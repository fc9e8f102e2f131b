"""What is reachable from an object, and by which path.

An object is followed through attributes, slots, properties, dictionaries, lists and tuples, into
the objects that they hold; a function that is itself the target, through its closure.
"""

import random
import types
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

import backends
from backprop.networks.parameters import attributes
from backprop.numerical.perturb import Place

_DEEPEST = 12
_MOST = 20_000  # containers and arrays; what holds more is data, and not a layer
_LEAVES = (
    type,
    types.ModuleType,
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodType,
    str,
    bytes,
    int,
    float,
    complex,
    np.generic,
    np.dtype,
    types.NoneType,
)
_GENERATORS = (
    np.random.Generator,
    np.random.BitGenerator,
    np.random.RandomState,
    random.Random,
)

Step = tuple[str, Any]
"""How one thing is reached from another: its kind, and a name or a key.

The kinds are "attribute", "property", "item", and "cell" of a variable in a closure.
"""


@dataclass(frozen=True)
class Reached:
    """Something that is reachable, by which steps, and what holds it."""

    value: Any
    path: tuple[Step, ...]
    holder: "Reached | None"

    @property
    def place(self) -> Place:
        """Where it is kept."""
        if self.holder is None:
            raise ValueError("the object itself is kept nowhere")
        (kind, key), holder = self.path[-1], self.holder.value
        if kind == "cell":
            return Place(cells(holder)[key], "cell_contents", attribute=True)
        if isinstance(holder, tuple) and self.holder.holder is not None:
            return InTuple(holder, key, outer=self.holder.place)
        return Place(holder, key, attribute=kind != "item")


@dataclass(frozen=True)
class InTuple(Place):
    """A place in a tuple: another tuple is put where the old one is kept."""

    outer: Place | None = None

    def get(self) -> Any:
        """Return what lies there now."""
        return self.holder[self.key] if self.outer is None else self.outer.get()[self.key]

    def set(self, value: Any) -> None:
        """Put a tuple with another item where the old one is kept."""
        if self.outer is not None:
            old = self.outer.get()
            items = [value if i == self.key else item for i, item in enumerate(old)]
            self.outer.set(type(old)(*items) if hasattr(old, "_fields") else tuple(items))
        for other in self.also:
            other.set(value)


def attribute(x: Any, name: str) -> Any:
    """Return an attribute; None where there is none, whatever the object raises then."""
    try:
        return getattr(x, name)
    except Exception:
        return None


def has(x: Any, name: str) -> bool:
    """Tell whether an object has an attribute that is not None."""
    return attribute(x, name) is not None


def is_array(x: Any) -> bool:
    """Tell whether `x` is an array or a scalar of NumPy's, and not a class such as np.float32."""
    if isinstance(x, np.ndarray):  # and others that need no closer look, as there are many
        return not is_full(x)
    if isinstance(x, _LEAVES) and not isinstance(x, np.generic):
        return False
    if not has(x, "dtype") or not has(x, "shape"):
        return False
    try:
        backends.of(x)
    except (TypeError, AttributeError):
        return False
    return True


def is_full(x: Any) -> bool:
    """Tell whether an array holds objects."""
    return isinstance(x, np.ndarray) and x.dtype == object


def reachable(root: Any) -> Iterator[Reached]:
    """Yield what is reachable from an object, breadth first, the object itself first.

    Each thing once, but an array in every place where it is kept.
    """
    queue = deque([Reached(root, (), None)])
    seen = {id(root): root}  # with the thing, as a property may make a new one at each look
    count = 0
    while queue and count < _MOST:
        found = queue.popleft()
        count += 1
        yield found
        if len(found.path) >= _DEEPEST or is_array(found.value):
            continue
        for step, value in parts(found.value):
            if isinstance(value, _LEAVES) and not (step[0] == "cell" and _is_function(value)):
                continue
            if id(value) in seen and not is_array(value):
                continue
            seen[id(value)] = value
            queue.append(Reached(value, (*found.path, step), found))


def parts(holder: Any) -> Iterator[tuple[Step, Any]]:
    """Yield what an object holds, with the step that leads there."""
    if isinstance(holder, dict):
        yield from ((("item", key), value) for key, value in list(holder.items()))
    elif isinstance(holder, list | tuple | deque):
        yield from ((("item", i), value) for i, value in enumerate(list(holder)))
    elif is_full(holder):
        for index, value in np.ndenumerate(holder):
            yield ("item", index if len(index) > 1 else index[0]), value
    elif _is_function(holder):
        yield from ((("cell", name), c.cell_contents) for name, c in cells(holder).items())
    elif not isinstance(holder, _GENERATORS):
        for name, value in attributes(holder).items():
            yield ("attribute", name), value
        for name, value in _class_values(holder):
            yield ("property", name), value


def _is_function(x: Any) -> bool:
    return isinstance(x, types.FunctionType)


def cells(function: Any) -> dict[str, types.CellType]:
    """Return the variables of a function's closure that hold something, by their names."""
    found = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    return {name: cell for name, cell in found if cell != types.CellType()}


def _class_values(holder: Any) -> Iterator[tuple[str, Any]]:
    """Yield what properties give, and the arrays and generators that a class holds for all."""
    for cls in type(holder).__mro__[:-1]:
        if cls.__module__.partition(".")[0] in ("builtins", "torch", "jax", "numpy", "cupy"):
            continue
        for name, value in list(vars(cls).items()):
            if isinstance(value, property):
                try:
                    yield name, getattr(holder, name)
                except Exception:  # a property may not be ready, and is then no array
                    continue
            elif isinstance(value, _GENERATORS) or is_array(value):
                yield name, value
