"""A network in a table: its layers, what they hold, and how much of it is learnt."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import backends
from backends.host import short_name
from backprop.arrays import shape
from backprop.networks.parameters import Slot
from backprop.tables import Table

HEAD = ("layer", "kind", "arrays", "parameters")


def network_table(
    net: Any, layers: Mapping[str, Any], last_layer: Any, slots: Mapping[str, Slot]
) -> Table:
    """Return the table of a network: a row for each layer, from the input to the loss.

    Parameters
    ----------
    net : object
        Whose class's name is the title.
    layers, last_layer
        From the input to the scores, and the loss layer.
    slots : mapping of str to Slot
        Where each array is held, by name. Those in `state` are not counted.
    """
    named = [*layers.items(), ("last_layer", last_layer)]
    rows = [_row(name, layer, slots) for name, layer in named]
    learnt = [slot.get() for slot in slots.values() if slot.kind == "params"]
    title = f"{type(net).__name__}: {entries(learnt):,} parameters"
    if learnt:
        title += f", {short_name(learnt[0].dtype)}, {backends.of(learnt[0])}"
    return Table(title, HEAD, rows)


def _row(name: str, layer: Any, slots: Mapping[str, Slot]) -> tuple[str, ...]:
    held = {key: slot for key, slot in slots.items() if slot.layer is layer}
    arrays = [f"{key} {shape(slot.get())}" for key, slot in held.items()]
    learnt = [slot.get() for slot in held.values() if slot.kind == "params"]
    return name, type(layer).__name__, ", ".join(arrays), f"{entries(learnt):,}"


def entries(arrays: Iterable[Any]) -> int:
    """Return how many numbers arrays hold together."""
    return sum(math.prod(x.shape) for x in arrays)
