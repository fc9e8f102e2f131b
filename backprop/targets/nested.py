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
    rows = isinstance(value, list) and all(isinstance(row, list) for row in value)
    found = _array(value) if rows or flat else None
    return value if found is None else found


def of_numbers(value: Any, inputs: Sequence[Any]) -> Any:
    """Return gradients with lists of numbers as arrays, where inputs are arrays.

    A list of as many items as there are inputs has one for each, unless it has the shape of one.
    """
    shapes = [x.shape for x in inputs if getattr(x, "shape", ())]
    whole = _array(value)
    if whole is not None and whole.shape in shapes:
        return whole
    nested = any(isinstance(x, list | tuple | dict) for x in inputs)
    if nested or not shapes:
        return value
    return _of_numbers(value, len(inputs) if len(inputs) > 1 else 0)


def _of_numbers(value: Any, apart: int) -> Any:
    if isinstance(value, list) and len(value) != apart and (found := _array(value)) is not None:
        return found
    if isinstance(value, dict):
        return {key: _of_numbers(item, 0) for key, item in value.items()}
    return type(value)(_of_numbers(v, 0) for v in value) if type(value) in (list, tuple) else value


def _array(value: Any) -> Any:
    """Return a list of numbers, or of lists of them, as an array; None for anything else."""
    own = [leaf for _, leaf in leaves(value)] if isinstance(value, list) else []
    if not own or not all(isinstance(leaf, int | float) for leaf in own):
        return None
    try:
        return np.array(value)
    except ValueError:  # of different lengths
        return None


def is_real(value: Any) -> bool:
    """Tell whether a value is a floating array or a float, and so has a derivative."""
    return isinstance(value, float) or (is_known_array(value) and is_floating(value))
