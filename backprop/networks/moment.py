"""The state and the generators of layers at one time: what makes two passes of theirs alike."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import numpy as np

from backprop.arrays import copy_of
from backprop.networks.parameters import Place, attributes
from backprop.networks.snapshot import taken

T = TypeVar("T")


def repeatable(
    function: Callable[[], T], layers: Iterable[Any], places: Mapping[str, Place]
) -> Callable[[], T]:
    """Return a function that starts each time from the state and the generators of now.

    So a layer that draws, such as one that drops out, draws the same each time.

    Parameters
    ----------
    function : callable
        Runs the layers.
    layers : iterable of layer
        Their generators are NumPy's, held as attributes.
    places : mapping of str to Place
        Where state is among the arrays.
    """
    generators = [
        generator
        for layer in layers
        for generator in attributes(layer).values()
        if isinstance(generator, np.random.Generator)
    ]
    drawn = [(each.bit_generator, each.bit_generator.state) for each in generators]
    kept = {name: place for name, place in places.items() if place.kind == "state"}
    state = taken(kept)
    if not drawn and not state:
        return function

    def again() -> T:
        for bits, before in drawn:
            bits.state = before
        for name, place in kept.items():
            place.set(copy_of(state[name]))
        return function()

    return again
