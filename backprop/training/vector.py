"""Arrays by name as one vector, and back: an optimizer's work in one operation for all of them."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from backends import Array, namespace
from backprop.arrays import floating_array, is_array, shape

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
    found = [floating_array(fitting(arrays, name, wanted)) for name, wanted in shapes.items()]
    flat = [namespace(x).reshape(x, (-1,)) for x in found]
    return namespace(flat[0]).concat(flat)


def check_together(x: Any, y: Any) -> None:
    """Raise a TypeError when two are arrays of several libraries; numbers go with any."""
    if is_array(x) and is_array(y):
        namespace(x, y)


def fitting(arrays: Mapping[str, Any], name: str, wanted: tuple[int, ...]) -> Any:
    """Return the array, or the number, of a name.

    Raises
    ------
    ValueError
        When there is none, or it has another shape.
    """
    if name not in arrays:
        raise ValueError(f"there must be an array for each parameter; got none for {name}")
    x = arrays[name]
    found = tuple(getattr(x, "shape", ()))
    if found != tuple(wanted):
        raise ValueError(f"the array for `{name}` must have shape {tuple(wanted)}; got {found}")
    return x


def parts(vector: Array, shapes: Shapes) -> Iterator[tuple[str, Array]]:
    """Yield each name with its part of the vector, in its shape."""
    xp, start = namespace(vector), 0
    for name, wanted in shapes.items():
        stop = start + math.prod(wanted)
        yield name, xp.reshape(vector[start:stop], wanted)
        start = stop
