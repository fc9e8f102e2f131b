"""Arrays in nested containers: find them, and put others in their places.

Tuples and named tuples, lists, mappings, dataclasses and other plain objects, to any depth.
"""

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from types import ModuleType
from typing import Any

Leaf = tuple[str, Any]
"""What is no container, and its place: ``[0]['mean'].value``."""


def leaves(value: Any, place: str = "") -> Iterator[Leaf]:
    """Yield what lies in nested containers, each with its place."""
    items = _items(value)
    if items is None:
        yield place, value
    else:
        for key, item in items:
            yield from leaves(item, place + key)


def rebuilt(value: Any, convert: Callable[[str, Any], Any], place: str = "") -> Any:
    """Return `value` with ``convert(place, leaf)`` for each leaf; itself where nothing changes."""
    items = _items(value)
    if items is None:
        return convert(place, value)
    new = [rebuilt(item, convert, place + key) for key, item in items]
    if all(a is b for a, (_, b) in zip(new, items, strict=True)):
        return value
    return _with_items(value, new)


def _items(value: Any) -> list[Leaf] | None:
    """Return what lies directly in a container, each under the text that leads to it."""
    if isinstance(value, Mapping):
        return [(f"[{key!r}]", item) for key, item in value.items()]
    if isinstance(value, list):
        return [(f"[{i}]", item) for i, item in enumerate(value)]
    if isinstance(value, tuple):
        return [(f"[{i}]", item) for i, item in enumerate(value)] + [
            (f".{name}", getattr(value, name)) for name in _extras(value)
        ]
    if names := _attributes(value):
        return [(f".{name}", getattr(value, name)) for name in names]
    return None


def _attributes(value: Any) -> list[str]:
    """Return the fields of a dataclass, or the public attributes of another plain object."""
    if isinstance(value, type | ModuleType) or hasattr(value, "__array_namespace__"):
        return []
    if is_dataclass(value):
        return [field.name for field in fields(value)]
    if callable(value) or hasattr(value, "shape"):  # a function; an array of some library
        return []
    return [name for name in getattr(value, "__dict__", ()) if name[0] != "_"]


def _extras(value: tuple[Any, ...]) -> list[str]:
    """Return the further attributes of a subclass of tuple: SciPy's results have such."""
    named = getattr(value, "_fields", ())
    return [name for name in getattr(value, "__dict__", ()) if name[0] != "_" and name not in named]


def _with_items(value: Any, new: list[Any]) -> Any:
    """Return a container of the same type with other things in it; no constructor is called."""
    if isinstance(value, tuple):
        made = tuple.__new__(type(value), new[: len(value)])
        if hasattr(value, "__dict__"):
            named = dict(zip(getattr(value, "_fields", ()), new, strict=False))
            extras = dict(zip(_extras(value), new[len(value) :], strict=True))
            known = {name: item for name, item in named.items() if name in vars(value)}
            vars(made).update({**vars(value), **known, **extras})
        return made
    other = copy.copy(value)
    if isinstance(value, list):
        other[:] = new
    elif isinstance(value, Mapping):
        if not hasattr(other, "update"):
            return dict(zip(value, new, strict=True))
        other.update(zip(value, new, strict=True))
    else:
        for name, item in zip(_attributes(value), new, strict=True):
            object.__setattr__(other, name, item)
    return other
