"""Arrays in nested containers: find them, and put others in their places.

Tuples and named tuples, lists, mappings, dataclasses and other plain objects, to any depth.
"""

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import partial
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple

Leaf = tuple[str, Any]
"""What is no container, and its place: ``[0]['mean'].value``."""

_NO_CONTAINERS = (type, ModuleType, FunctionType, BuiltinFunctionType, MethodType, partial)


class Parts(NamedTuple):
    """What nested containers consist of, each part by its place."""

    leaves: dict[str, Any]
    containers: dict[str, Any]


def parts(value: Any) -> Parts:
    """Return the leaves of nested containers, and the containers."""
    return Parts(dict(leaves(value)), dict(_containers(value, "", ())))


def leaves(value: Any, place: str = "", above: tuple[int, ...] = ()) -> Iterator[Leaf]:
    """Yield what lies in nested containers, each with its place; one within itself is a leaf."""
    items = None if id(value) in above else _items(value)
    if items is None:
        yield place, value
    else:
        for key, item in items:
            yield from leaves(item, place + key, (*above, id(value)))


def _containers(value: Any, place: str, above: tuple[int, ...]) -> Iterator[Leaf]:
    items = None if id(value) in above else _items(value)
    if items is not None:
        yield place, value
        for key, item in items:
            yield from _containers(item, place + key, (*above, id(value)))


def unlike(value: Any, other: Any) -> str:
    """Return in what a container is unlike another, what lies in them left out; empty if alike."""
    kinds = [kind(value), kind(other)]
    if kinds[0] != kinds[1]:
        return f"must be {kinds[1]}; got {kinds[0]}"
    size, wanted = len(_items(value) or ()), len(_items(other) or ())
    if size != wanted:
        return f"must have {wanted} items; got {size}"
    missing = [name for name in getattr(other, "_fields", ()) if not hasattr(value, name)]
    if missing:
        return f"must be a {type(other).__name__} with .{missing[0]}; got {type(value).__name__}"
    return ""


def kind(value: Any) -> str:
    """Return what a container is: a tuple is a list, for libraries differ there (`meshgrid`)."""
    if isinstance(value, tuple | list):
        return "a list or tuple"
    return "a mapping" if isinstance(value, Mapping) else "an object"


def rebuilt(value: Any, convert: Callable[[Any], Any], copied: bool = False) -> Any:
    """Return `value` with ``convert(leaf)`` for each leaf; itself where nothing changes.

    With `copied`, whatever could be written to is another in any case, if it can be copied.
    """
    items = _items(value)
    if items is None:
        return convert(value)
    new = [rebuilt(item, convert, copied) for _, item in items]
    if any(a is not b for a, (_, b) in zip(new, items, strict=True)):
        return _with_items(value, new)
    if not copied or isinstance(value, tuple):
        return value
    try:
        return copy.copy(value)
    except TypeError:  # a connection, a socket
        return value


def own_copy(leaf: Any) -> Any:
    """Return what is no container, a copy if it can change: a generator, an empty object."""
    if isinstance(leaf, _NO_CONTAINERS) or not (
        hasattr(leaf, "__dict__") or type(leaf).__module__.startswith("numpy.random")
    ):
        return leaf
    try:
        return copy.deepcopy(leaf)
    except Exception:  # one that holds a connection, a lock
        return leaf


def entries(value: Any, place: str = "") -> Iterator[Leaf]:
    """Yield what lies in nested tuples, lists, mappings and dataclasses, and no further."""
    if isinstance(value, tuple | list | Mapping) or is_dataclass(value):
        for key, item in _items(value) or ():
            yield from entries(item, place + key)
    else:
        yield place, value


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
    """Return the fields of a dataclass, or the attributes of another plain object.

    Of private ones those that are arrays, or hold some: a property may hand them out.
    """
    is_array = looks_like_array(value)
    if isinstance(value, _NO_CONTAINERS) or (is_array and hasattr(value, "__array_namespace__")):
        return []
    if is_dataclass(value):
        return [field.name for field in fields(value) if hasattr(value, field.name)]
    if is_array:
        return []
    slots = [name for cls in type(value).__mro__ for name in _listed(vars(cls).get("__slots__"))]
    names = [*slots, *getattr(value, "__dict__", ())]
    return [
        name
        for name in dict.fromkeys(names)
        if hasattr(value, name)
        and name[:2] != "__"
        and (name[0] != "_" or _holds_arrays(getattr(value, name)))
    ]


def _listed(slots: Any) -> list[str]:
    return [slots] if isinstance(slots, str) else list(slots or ())


def _holds_arrays(value: Any) -> bool:
    if isinstance(value, Mapping):
        value = list(value.values())
    return any(map(looks_like_array, value if isinstance(value, list | tuple) else [value]))


def looks_like_array(value: Any) -> bool:
    """Tell whether something is an array of some library, sparse ones and tables among them."""
    return hasattr(value, "shape") and hasattr(value, "dtype") and not isinstance(value, type)


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
    if isinstance(value, Mapping) and not hasattr(value, "update"):  # one that can't be written to
        return dict(zip(value, new, strict=True))
    other = copy.copy(value)
    if isinstance(value, list):
        other[:] = new
    elif isinstance(value, Mapping):
        other.update(zip(value, new, strict=True))
    else:
        for name, item in zip(_attributes(value), new, strict=True):
            object.__setattr__(other, name, item)
    return other
