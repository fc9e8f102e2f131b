"""Copies of nested dictionaries and lists with arrays in them."""

import copy
import numbers
from collections.abc import Mapping
from typing import Any

from backends import Backend
from backprop.arrays import is_array
from backprop.networks.copies import copied
from backprop.storage.tree import Narrow


def copied_tree(value: Any, backend: Backend) -> Any:
    """Return `value` with its dictionaries, lists and tuples made anew, its arrays on `backend`.

    Other objects are copied, so that nothing that happens to one of them changes the other.
    """
    if isinstance(value, Narrow):
        return copied(value.array, backend, backend.dtype(value.dtype))
    if isinstance(value, Mapping):
        return {key: copied_tree(item, backend) for key, item in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):  # a named one
        return type(value)(*(copied_tree(item, backend) for item in value))
    if isinstance(value, list | tuple):
        return type(value)(copied_tree(item, backend) for item in value)
    if is_array(value) and not isinstance(value, numbers.Number):  # a NumPy scalar is a number
        return copied(value, backend, None)
    return copy.deepcopy(value)
