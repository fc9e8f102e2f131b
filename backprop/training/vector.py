"""Arrays by name as one vector, and back: an optimizer's work in one operation for all of them."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from backends import Array, namespace
from backprop.arrays import as_array, shape

Shapes = dict[str, tuple[int, ...]]


def shapes_of(arrays: Mapping[str, Any]) -> Shapes:
    """Return the shapes of arrays and numbers by name; a number has shape ()."""
    return {name: shape(x) if hasattr(x, "shape") else () for name, x in arrays.items()}


def joined(arrays: Mapping[str, Any], shapes: Shapes) -> Array:
    """Return the entries of `arrays` in the order of `shapes`, as one vector.

    Raises
    ------
    ValueError
        When a name is missing, or a shape is another.
    """
    missing = [name for name in shapes if name not in arrays]
    if missing:
        raise ValueError(f"there must be an array for each parameter; got none for {missing[0]}")
    flat = []
    for name, wanted in shapes.items():
        x = as_array(arrays[name])
        if tuple(x.shape) != wanted:
            raise ValueError(f"the array for `{name}` must have shape {wanted}; got {shape(x)}")
        flat.append(namespace(x).reshape(x, (-1,)))
    return namespace(flat[0]).concat(flat)


def parts(vector: Array, shapes: Shapes) -> Iterator[tuple[str, Array]]:
    """Yield each name with its part of the vector, in its shape."""
    xp, start = namespace(vector), 0
    for name, wanted in shapes.items():
        stop = start + math.prod(wanted)
        yield name, xp.reshape(vector[start:stop], wanted)
        start = stop
