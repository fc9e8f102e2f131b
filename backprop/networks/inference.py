"""Layers for one forward pass that nobody goes back from: what they keep, they keep elsewhere."""

import copy
from collections import UserDict, UserList, deque
from functools import lru_cache
from types import MethodType, SimpleNamespace
from typing import Any

from backprop.layers import Layer
from backprop.networks.parameters import attributes

_SHARED = ("params", "grads", "state")
_COPYING = ("__copy__", "__reduce_ex__", "__reduce__", "__getstate__", "__setstate__", "__slots__")


def for_one_pass(layer: Any) -> Any:
    """Return a layer that computes what `layer` does, with its arrays, and leaves it as it is.

    What `forward` sets on itself, puts into containers of its own, or does to layers within it,
    happens to the copy. Containers are Python's dictionaries, lists, sets, deques and namespaces,
    and what derives from them. A layer that can't be copied, such as one of closures, is used
    itself: threads must not share that one.
    """
    return _copy(layer, {})


def _copy(layer: Any, done: dict[int, Any]) -> Any:
    if id(layer) in done:
        return done[id(layer)]
    kind: Any = type(layer)
    try:
        other = _plain_copy(layer) if _is_plain(kind) else copy.copy(layer)
    except (TypeError, copy.Error):
        return layer
    done[id(layer)] = other
    if isinstance(other, Layer):
        other.cache = None
    for name, value in attributes(other).items():
        if name not in _SHARED and value is not None:
            own = _own(value, done)
            if own is not value:
                object.__setattr__(other, name, own)  # a frozen dataclass is a layer too
    return other


def _plain_copy(layer: Layer) -> Layer:
    other = object.__new__(type(layer))
    vars(other).update(vars(layer))
    return other


@lru_cache(maxsize=128)
def _is_plain(kind: type) -> bool:
    """Tell whether a class is a `Layer` whose attributes are all there is to copy."""
    return issubclass(kind, Layer) and all(
        getattr(kind, name, None) is getattr(object, name, None) for name in _COPYING
    )


def _own(value: Any, done: dict[int, Any]) -> Any:
    """Return containers, layers and methods of layers anew, and anything else as it is."""
    kind = type(value)
    if kind is tuple:
        items = tuple(_own(item, done) for item in value)
        return items if any(a is not b for a, b in zip(items, value, strict=True)) else value
    if kind is MethodType:
        owner = done.get(id(value.__self__))
        return value if owner is None else MethodType(value.__func__, owner)
    if hasattr(kind, "forward") and hasattr(kind, "backward"):
        return _copy(value, done)
    return _own_container(value, done) if isinstance(value, _CONTAINERS) else value


_CONTAINERS = (dict, list, set, deque, UserDict, UserList, SimpleNamespace)


def _own_container(value: Any, done: dict[int, Any]) -> Any:
    """Return a container that can be changed anew, and what it holds."""
    try:
        other = copy.copy(value)
    except (TypeError, copy.Error):
        return value
    held: Any = vars(other) if isinstance(other, SimpleNamespace) else other
    if isinstance(held, dict | UserDict):
        items: Any = list(held.items())
    else:
        items = [] if isinstance(held, set) else list(enumerate(held))
    for key, item in items:
        own = _own(item, done)
        if own is not item:
            held[key] = own
    return other
