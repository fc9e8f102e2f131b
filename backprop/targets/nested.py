"""Values in nested tuples, lists and dictionaries, as inputs, outputs and gradients come."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from backprop.arrays import is_floating
from backprop.targets.objects import is_array


def leaves(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Yield what nested tuples, lists and dictionaries hold, each with its keys."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, (*place, key))
    elif isinstance(value, tuple | list):
        for i, item in enumerate(value):
            yield from leaves(item, (*place, i))
    else:
        yield place, value


def rebuilt(value: Any, change: Callable[[Any], Any]) -> Any:
    """Return nested tuples, lists and dictionaries with each leaf changed."""
    if isinstance(value, dict):
        return {key: rebuilt(item, change) for key, item in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(rebuilt(item, change) for item in value))
    if isinstance(value, tuple | list):
        return type(value)(rebuilt(item, change) for item in value)
    return change(value)


def of_rows(value: Any) -> Any:
    """Return lists of lists of numbers as an array on the host; anything else as it is."""
    rows = isinstance(value, list) and value and all(isinstance(row, list) for row in value)
    if not rows or not all(isinstance(leaf, int | float) for _, leaf in leaves(value)):
        return value
    try:
        return np.array(value)
    except ValueError:  # of different lengths
        return value


def is_real(value: Any) -> bool:
    """Tell whether a value is a floating array or a float, and so has a derivative."""
    return isinstance(value, float) or (is_array(value) and is_floating(value))
