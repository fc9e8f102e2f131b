"""A network's arrays by name, and its parameters as a live view of what the layers hold."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from types import SimpleNamespace
from typing import Any, NamedTuple

import backends
from backends import Array
from backprop.arrays import shape

_ASSIGNED: tuple[Any, ...] = (MutableMapping, list, deque)
"""Containers whose items can be set."""


class Slot(NamedTuple):
    """Where a layer holds an array: in its dictionary `params` or `state`, under a key."""

    layer: Any
    kind: str
    key: str

    def get(self) -> Array:
        """Return the array."""
        return getattr(self.layer, self.kind)[self.key]

    def set(self, value: Array) -> None:
        """Put an array there, and where else the layer keeps the old one.

        That may be an attribute `W`, a list, or the `params` of a layer within it.
        """
        old = self.get()
        own = [("", self.layer, attributes(self.layer))]  # of the library's own that is all
        for _, holder, held in own if is_own(self.layer) else reached(self.layer):
            for key in [key for key, x in held.items() if x is old]:
                if isinstance(holder, _ASSIGNED):
                    holder[key] = value
                elif not isinstance(holder, Mapping | tuple | set | frozenset):
                    setattr(holder, key, value)
        getattr(self.layer, self.kind)[self.key] = value


def attributes(holder: Any) -> dict[str, Any]:
    """Return what an object holds as attributes of its own by name, those in slots included."""
    found = dict(getattr(holder, "__dict__", None) or {})
    for kind in type(holder).__mro__:
        slots = vars(kind).get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if name.startswith("__") and not name.endswith("__"):  # as Python calls it
                name = f"_{kind.__name__.lstrip('_')}{name}"
            if name not in ("__dict__", "__weakref__") and hasattr(holder, name):
                found.setdefault(name, getattr(holder, name))
    return found


def within(layer: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield a layer, and those that it holds, in lists and dictionaries too; each once, by name."""
    for where, holder, _ in reached(layer, name):
        if holder is layer or _is_layer(holder):
            yield where, holder


_ATOMS = (int, float, complex, str, bytes, type(None))
"""What holds nothing, and may stand in long lists."""


def is_own(value: Any) -> bool:
    """Tell whether an object's class is the library's own: such a layer holds no other."""
    return bool(type(value).__module__.startswith("backprop."))


def _is_layer(value: Any) -> bool:
    own = hasattr(value, "backward") or hasattr(value, "params")
    return own and hasattr(value, "forward") and not isinstance(value, type)


def held_in(value: Any) -> Mapping[Any, Any] | None:
    """Return what a container or a layer holds, by key; None of anything else."""
    if isinstance(value, Mapping):
        return value
    if isinstance(value, list | tuple | set | frozenset | deque):
        return dict(enumerate(value))
    return attributes(value) if isinstance(value, SimpleNamespace) or _is_layer(value) else None


def reached(
    value: Any,
    name: str = "",
    held_in: Callable[[Any], Mapping[Any, Any] | None] = held_in,
) -> Iterator[tuple[str, Any, Mapping[Any, Any]]]:
    """Yield a layer, and the containers and layers in it, by name, each with what it holds.

    `held_in` says what is held by what else is looked into; None of what is not.
    """
    seen: set[int] = set()
    waiting = [(name, value, attributes(value) or held_in(value) or {})]  # the next one last
    while waiting:
        name, value, held = waiting.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        yield name, value, held
        for key, item in reversed([*held.items()]):
            if not isinstance(item, _ATOMS) and id(item) not in seen:
                inner = held_in(item)
                if inner is not None:
                    waiting.append((f"{name}.{key}", item, inner))


def named_slots(layers: Iterable[Any]) -> dict[str, Slot]:
    """Return where the layers hold their parameters and their state, by the book's names.

    A layer's number is one more than the highest that any of its keys has had before it: the
    first layer with `W` and `b` holds `W1` and `b1`, the first one with `gamma` holds `gamma1`.

    Raises
    ------
    TypeError
        When a layer's `params` is no dictionary.
    ValueError
        When two arrays get one name.
    """
    slots: dict[str, Slot] = {}
    numbers: dict[str, int] = {}
    for layer in layers:
        own = [Slot(layer, kind, key) for kind in ("params", "state") for key in _held(layer, kind)]
        number = 1 + max((numbers.get(slot.key, 0) for slot in own), default=0)
        for slot in own:
            numbers[slot.key] = number
            name = f"{slot.key}{number}"
            if name in slots:
                raise ValueError(f"parameters must have names of their own; got {name} twice")
            slots[name] = slot
    return slots


def _held(layer: Any, kind: str) -> Mapping[str, Array]:
    held = getattr(layer, kind, None)
    if isinstance(held, Mapping):
        return held
    if kind == "params" and held:
        what = type(held).__name__
        raise TypeError(f"`params` of {type(layer).__name__} must be a dictionary; got {what}")
    return {}  # a foreign layer may call something else its state


class Parameters(MutableMapping[str, Array]):
    """Live mapping from `W1`, `b1`, ... to the arrays in the layers.

    Assigning puts an array into its layer, so `net.params[key] -= lr * grad[key]` works on every
    library, whether its arrays are mutable or not. Nothing can be added or deleted.

    Parameters
    ----------
    slots : mapping of str to Slot
        Where each parameter is held.
    """

    def __init__(self, slots: Mapping[str, Slot]) -> None:
        self._holders = {name: (slot.layer, slot.key) for name, slot in slots.items()}

    @property
    def slots(self) -> dict[str, Slot]:
        """The layer that holds each parameter, and the key there, by name."""
        return {name: Slot(layer, "params", key) for name, (layer, key) in self._holders.items()}

    def grads(self) -> dict[str, Array]:
        """Return the gradients that the layers hold, under the same names."""
        return {name: layer.grads[key] for name, (layer, key) in self._holders.items()}

    def __getitem__(self, name: str) -> Array:
        try:
            layer, key = self._holders[name]
        except KeyError:
            raise self._unknown(name) from None
        return layer.params[key]

    def __setitem__(self, name: str, value: Array) -> None:
        try:
            layer, key = self._holders[name]
        except KeyError:
            raise self._unknown(name) from None
        old = layer.params[key]
        if value is not old:
            _check(name, value, old)
            Slot(layer, "params", key).set(value)

    def __delitem__(self, name: str) -> None:
        raise TypeError(f"a parameter can't be deleted, as its layer needs it; got {name!r}")

    def _unknown(self, name: str) -> KeyError:
        return KeyError(f"parameter must be one of {', '.join(self._holders)}; got {name!r}")

    def __iter__(self) -> Iterator[str]:
        return iter(self._holders)

    def __len__(self) -> int:
        return len(self._holders)

    def __repr__(self) -> str:
        shapes = ", ".join(f"{name}: {shape(x)} {x.dtype}" for name, x in self.items())
        return f"Parameters({shapes})"


def _check(name: str, value: Array, old: Array) -> None:
    backends.of(old).require(value, name, old.dtype)
    if value.shape != old.shape:
        raise ValueError(f"`{name}` must have shape {shape(old)}; got {shape(value)}")
