"""A network in a table: its layers, what they hold, and how much of it is learnt."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import backends
from backends.host import short_name
from backprop.arrays import shape
from backprop.networks.parameters import Place
from backprop.tables import Table

HEAD = ("layer", "kind", "arrays", "parameters")


def network_table(
    net: Any, layers: Mapping[str, Any], last_layer: Any, places: Mapping[str, Place]
) -> Table:
    """Return the table of a network: a row for each layer, from the input to the loss.

    Parameters
    ----------
    net : object
        Whose class's name is the title.
    layers, last_layer
        From the input to the scores, and the loss layer.
    places : mapping of str to Place
        Where each array is held, by name. Those in `state` are not counted.
    """
    named = [*layers.items(), ("last_layer", last_layer)]
    rows = [_row(name, layer, places) for name, layer in named]
    learnt = [place.get() for place in places.values() if place.kind == "params"]
    title = f"{type(net).__name__}: {entries(learnt):,} parameters"
    if learnt:
        title += f", {short_name(learnt[0].dtype)}, {backends.of(learnt[0])}"
    return Table(title, HEAD, rows)


def _row(name: str, layer: Any, places: Mapping[str, Place]) -> tuple[str, ...]:
    held = {key: place for key, place in places.items() if place.layer is layer}
    arrays = [f"{key} {shape(place.get())}" for key, place in held.items()]
    learnt = [place.get() for place in held.values() if place.kind == "params"]
    return name, type(layer).__name__, ", ".join(arrays), f"{entries(learnt):,}"


def entries(arrays: Iterable[Any]) -> int:
    """Return how many numbers arrays hold together."""
    return sum(math.prod(x.shape) for x in arrays)
