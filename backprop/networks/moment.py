"""The state and the generators of layers at one time: what makes two passes of theirs alike."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from backprop.arrays import copy_of
from backprop.networks import generators
from backprop.networks.parameters import Slot
from backprop.networks.snapshot import taken

T = TypeVar("T")


def repeatable(
    function: Callable[[], T], layers: Mapping[str, Any], slots: Mapping[str, Slot]
) -> Callable[[], T]:
    """Return a function that starts each time from the state and the generators of now.

    So a layer that draws, such as one that drops out, draws the same each time.

    Parameters
    ----------
    function : callable
        Runs the layers.
    layers : mapping of str to layer
        They may hold generators as attributes.
    slots : mapping of str to Slot
        Where state is among the arrays.
    """
    states = generators.taken(layers)
    drawn = [(bits, states[name]) for name, bits in generators.found(layers)]
    kept = {name: slot for name, slot in slots.items() if slot.kind == "state"}
    state = taken(kept)
    if not drawn and not state:
        return function

    def again() -> T:
        for bits, before in drawn:
            bits.state = before
        for name, slot in kept.items():
            slot.set(copy_of(state[name]))
        return function()

    return again
