"""Arrays in nested containers: what lies where.

Tuples and named tuples, lists, mappings, dataclasses and other plain objects, to any depth.
"""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cached_property, partial
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

Leaf = tuple[str, Any]
"""What is no container, and its place: ``[0]['mean'].value``."""

_NO_CONTAINERS = (type, ModuleType, FunctionType, BuiltinFunctionType, MethodType, partial, Enum)


def looks_like_array(value: Any) -> bool:
    """Tell whether something is an array of some library, sparse ones and tables among them."""
    if not (hasattr(value, "shape") and hasattr(value, "dtype")):
        return False
    if is_dataclass(value) and not hasattr(value, "__array_namespace__"):
        return False
    return not isinstance(value, type | ModuleType)


def is_namespace(value: Any) -> bool:
    """Tell whether something is the namespace of an array library."""
    return isinstance(value, ModuleType) and hasattr(value, "asarray")


def leaves(value: Any, place: str = "", above: tuple[int, ...] = ()) -> Iterator[Leaf]:
    """Yield what lies in nested containers, each with its place; one within itself is a leaf."""
    items = None if id(value) in above else items_of(value)
    if items is None:
        yield place, value
    else:
        for key, item in items:
            yield from leaves(item, place + key, (*above, id(value)))


def entries(value: Any, place: str = "", above: tuple[int, ...] = ()) -> Iterator[Leaf]:
    """Yield what lies in nested tuples, lists, mappings and fields of dataclasses, no further."""
    items = None
    if isinstance(value, tuple | list | Mapping):
        items = _contents(value)
    elif is_dataclass(value) and not isinstance(value, type):
        items = [(f".{name}", getattr(value, name)) for name in _fields(value)]
    if items is None or id(value) in above:
        yield place, value
    else:
        for key, item in items:
            yield from entries(item, place + key, (*above, id(value)))


def items_of(value: Any) -> list[Leaf] | None:
    """Return what lies directly in a container, each under the text that leads to it."""
    if isinstance(value, Mapping | list | tuple):
        named = (*getattr(value, "_fields", ()),)
        extras = [name for name in public(value) if name not in named]
        return [*_contents(value), *((f".{name}", getattr(value, name)) for name in extras)]
    if names := public(value):
        return [(f".{name}", getattr(value, name)) for name in names]
    return None


def _contents(value: Any) -> list[Leaf]:
    if not isinstance(value, Mapping):
        return [(f"[{i}]", item) for i, item in enumerate(value)]
    found: dict[str, Any] = {}
    for key, item in value.items():
        place, count = f"[{key!r}]", 1
        while place in found:  # another key that is written alike
            count += 1
            place = f"[{key!r}]#{count}"
        found[place] = item
    return list(found.items())


def public(value: Any) -> list[str]:
    """Return the fields of a dataclass, and the public attributes of any other object."""
    names = [name for name in attributes(value) if name[0] != "_"]
    if is_dataclass(value) and not isinstance(value, type) and not looks_like_array(value):
        names = [*_fields(value), *names]
    shown = properties(value)
    return [name for name in dict.fromkeys(names) if name not in shown]


def private(value: Any) -> list[str]:
    """Return the names of the private attributes of an object, which are no fields."""
    named = public(value)
    return [
        name
        for name in attributes(value)
        if name[0] == "_" and name[:2] != "__" and name not in named
    ]


def properties(value: Any) -> list[str]:
    """Return the names of the public properties of an object that is no container."""
    if isinstance(value, (*_NO_CONTAINERS, Mapping, list, tuple)) or looks_like_array(value):
        return []
    found = [
        name
        for kind in type(value).__mro__
        for name, attribute in vars(kind).items()
        if isinstance(attribute, property | cached_property) and name[0] != "_"
    ]
    return list(dict.fromkeys(found))


def attributes(value: Any) -> list[str]:
    """Return the names of what an object holds, in its dictionary and in its slots."""
    if isinstance(value, _NO_CONTAINERS) or looks_like_array(value):
        return []
    return list(dict.fromkeys([*slots_of(value), *getattr(value, "__dict__", ())]))


def _fields(value: Any) -> list[str]:
    return [field.name for field in fields(value) if hasattr(value, field.name)]


def slots_of(value: Any) -> list[str]:
    """Return the names of the slots of an object that are set."""
    found = [name for kind in type(value).__mro__ for name in _listed(vars(kind).get("__slots__"))]
    return [
        name for name in found if name not in ("__dict__", "__weakref__") and hasattr(value, name)
    ]


def _listed(slots: Any) -> list[str]:
    return [slots] if isinstance(slots, str) else list(slots or ())
