"""What layers, augments and schedules of one's own leave in attributes for the next pass or call.

The book's BatchNormalization keeps its running mean so, where the library's has `state`. It goes
with the network's arrays, under the names of layer and attribute: `BatchNorm1.running_mean`.
"""

import numbers
from collections.abc import Mapping
from typing import Any, NamedTuple

import backends
from backends import Array, Backend
from backprop.arrays import copy_of, is_array
from backprop.networks.copies import copied
from backprop.networks.parameters import attributes, is_own, within
from backprop.networks.usage import carried

_HELD = ("params", "grads", "state", "cache")


class Kept(NamedTuple):
    """An attribute that is a number, an array, or nothing yet."""

    holder: Any
    name: str

    def get(self) -> Array | None:
        """Return a copy of an array, a number as one on the host; None if nothing is there."""
        value = getattr(self.holder, self.name, None)
        if is_array(value):
            return copy_of(value)
        return None if value is None else backends.host().asarray(value)

    def fitting(self, x: Any, backend: Backend) -> Any:
        """Return what to put there for what `get` gave: a number, or an array where one is."""
        old = getattr(self.holder, self.name, None)
        if x is None:
            return None
        x = x if is_array(x) else backends.host().asarray(x)
        if x.ndim or is_array(old):
            return copied(x, backends.of(old) if is_array(old) else backend, None)
        number = backends.of(x).to_numpy(x).item()
        return number if old is None else type(old)(number)

    def set(self, value: Any) -> None:
        """Put it there."""
        if value is not None or getattr(self.holder, self.name, None) is not None:
            object.__setattr__(self.holder, self.name, value)  # a frozen dataclass is a layer too


def places(things: Mapping[str, Any]) -> dict[str, Kept]:
    """Return the attributes that passes through layers leave to the next ones, by name.

    As far as the code of a class shows that it assigns them, and reads them first. Those of the
    library's own layers are in `state`. Of what is no layer, such as a schedule, they are all, as
    it may be changed between two calls.
    """
    return {
        f"{where}.{name}": Kept(holder, name)
        for thing in things
        if not is_own(things[thing])
        for where, holder in within(things[thing], thing)
        for name, whole in sorted(_left(holder).items())
        if name not in _HELD and _may_be_kept(holder, name, whole)
    }


def taken(own: Mapping[str, Kept]) -> dict[str, Array]:
    """Return copies of what is kept by name; nothing of what is None yet."""
    found = {name: place.get() for name, place in own.items()}
    return {name: x for name, x in found.items() if x is not None}


def fitting(own: Mapping[str, Kept], found: Mapping[str, Any], backend: Backend) -> dict[str, Any]:
    """Return copies of what `taken` gave, as their places have it; None of what is missing."""
    return {name: place.fitting(found.get(name), backend) for name, place in own.items()}


def put(own: Mapping[str, Kept], values: Mapping[str, Any]) -> None:
    """Put in what `fitting` gave."""
    for name, value in values.items():
        own[name].set(value)


def _left(holder: Any) -> dict[str, bool]:
    """Return what may be left to the next pass or call, and whether it is assigned as a whole."""
    if hasattr(holder, "forward"):
        return carried(type(holder), "forward", "backward")
    return dict.fromkeys(attributes(holder), True)


def _may_be_kept(holder: Any, name: str, whole: bool) -> bool:
    """Tell whether an attribute is an array; one that is assigned as a whole, a number or None."""
    value = attributes(holder).get(name, getattr(type(holder), name, None))
    return is_array(value) or (whole and (value is None or isinstance(value, numbers.Number)))
