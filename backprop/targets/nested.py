"""Values in nested tuples, lists and dictionaries, as inputs, outputs and gradients come."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from backprop.arrays import is_floating
from backprop.targets.objects import is_known_array


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


def of_rows(value: Any, flat: bool = False) -> Any:
    """Return lists of lists of numbers as an array on the host; anything else as it is.

    A list of numbers may mean so many inputs; with `flat` it is an array too.
    """
    rows = isinstance(value, list) and value and all(isinstance(row, list) for row in value)
    rows = rows or (flat and isinstance(value, list) and value)
    if not rows or not all(isinstance(leaf, int | float) for _, leaf in leaves(value)):
        return value
    try:
        return np.array(value)
    except ValueError:  # of different lengths
        return value


def of_numbers(value: Any, inputs: Sequence[Any]) -> Any:
    """Return gradients with lists of numbers as arrays, where inputs are arrays.

    A list of as many items as there are inputs has one for each.
    """
    nested = any(isinstance(x, list | tuple | dict) for x in inputs)
    if nested or not any(getattr(x, "shape", ()) for x in inputs):
        return value
    return _of_numbers(value, len(inputs) if len(inputs) > 1 else 0)


def _of_numbers(value: Any, apart: int) -> Any:
    if isinstance(value, list) and value and len(value) != apart:
        own = [leaf for _, leaf in leaves(value)]
        if own and all(isinstance(leaf, int | float) for leaf in own):
            try:
                return np.array(value)
            except ValueError:  # of different lengths
                return value
    if isinstance(value, dict):
        return {key: _of_numbers(item, 0) for key, item in value.items()}
    return type(value)(_of_numbers(v, 0) for v in value) if type(value) in (list, tuple) else value


def is_real(value: Any) -> bool:
    """Tell whether a value is a floating array or a float, and so has a derivative."""
    return isinstance(value, float) or (is_known_array(value) and is_floating(value))
