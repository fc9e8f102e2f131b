"""What a thing holds, of whatever kind it is, with the step that leads to each of its parts.

An object holds its attributes, those in slots, properties and what its class holds for all; a
container, its items; a function, the variables of its closure, its defaults and the globals that
its code names; a class, its values and its methods; a module, its globals.
"""

import dis
import inspect
import types
from collections import deque
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np

from backprop.networks.parameters import attributes
from backprop.targets.objects import (
    GENERATORS,
    is_full,
    is_installed,
    is_known_array,
    is_of_library,
)

Step = tuple[str, Any]
"""How one thing is reached from another: its kind, and a name or a key.

The kinds are "attribute", "property", "shared" by the objects of a class, "class", "item",
"member" of a set; and of a function "cell" of its closure, "default" and "global".
"""

_METHODS = (types.FunctionType, staticmethod, classmethod)
_PLAIN = (list, tuple, dict, set, frozenset, deque, np.ndarray)


def parts(holder: Any) -> Iterator[tuple[Step, Any]]:
    """Yield what a thing holds, with the step that leads there."""
    yield from _items(holder)
    if type(holder) in _PLAIN:
        return
    if isinstance(holder, types.FunctionType):
        yield from ((("cell", name), c.cell_contents) for name, c in cells(holder).items())
        yield from ((("default", name), value) for name, value in defaults(holder).items())
        yield from ((("global", name), value) for name, value in globals_of(holder).items())
    if isinstance(holder, types.MethodType):
        yield ("attribute", "__self__"), holder.__self__
        yield ("attribute", "__func__"), holder.__func__
    elif isinstance(holder, type | types.ModuleType):
        if not is_installed(holder):
            yield from ((("attribute", name), value) for name, value in shared(holder).items())
            yield from ((("attribute", name), getattr(holder, name)) for name in _methods(holder))
    elif not is_known_array(holder):
        for name in ("func", "args", "keywords") if type(holder).__name__ == "partial" else ():
            yield ("attribute", name), getattr(holder, name)
        for name, value in attributes(holder).items():
            yield ("attribute", name), value
        yield from _of_class(holder)


def _items(holder: Any) -> Iterator[tuple[Step, Any]]:
    if isinstance(holder, dict | types.MappingProxyType):
        yield from ((("item", key), value) for key, value in list(holder.items()))
    elif isinstance(holder, list | tuple | deque):
        yield from ((("item", i), value) for i, value in enumerate(list(holder)))
    elif isinstance(holder, set | frozenset):
        yield from ((("member", i), value) for i, value in enumerate(list(holder)))
    elif is_full(holder):
        for index, value in np.ndenumerate(holder):
            yield ("item", index if len(index) > 1 else index[0]), value


def _of_class(holder: Any) -> Iterator[tuple[Step, Any]]:
    """Yield what properties give, what a class holds for all, and the class itself."""
    own = attributes(holder)
    for cls in type(holder).__mro__[:-1]:
        if is_of_library(cls):
            continue
        installed = is_installed(cls)
        for name, value in list(vars(cls).items()):
            if isinstance(value, property) or _is_descriptor(value):
                try:
                    yield ("property", name), getattr(holder, name)
                except Exception:  # a property may not be ready, and is then no array
                    continue
            elif (
                name not in own
                and is_shared(name, value)
                and (isinstance(value, GENERATORS) or is_known_array(value) or not installed)
            ):
                yield ("shared", name), value
        if not installed:
            yield ("class", cls), cls


def _is_descriptor(value: Any) -> bool:
    """Tell whether a class holds something of a program's own that gives and takes an attribute."""
    kind = type(value)
    return hasattr(kind, "__get__") and hasattr(kind, "__set__") and not is_of_library(kind)


def is_shared(name: str, value: Any) -> bool:
    """Tell whether a class or module holds a value, and neither code nor what Python put there."""
    return not name.startswith("__") and not hasattr(type(value), "__get__")


def shared(holder: Any) -> dict[str, Any]:
    """Return the values that a class or module holds."""
    return {name: value for name, value in vars(holder).items() if is_shared(name, value)}


def _methods(holder: Any) -> Iterator[str]:
    """Yield the names of the methods of a class that passes may run."""
    if isinstance(holder, type):
        for name, value in list(vars(holder).items()):
            if isinstance(value, _METHODS) and (name == "__call__" or not name.startswith("__")):
                yield name


def cells(function: Any) -> dict[str, types.CellType]:
    """Return the variables of a function's closure that hold something, by their names."""
    found = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    return {name: cell for name, cell in found if cell != types.CellType()}


def defaults(function: Any) -> dict[str, Any]:
    """Return the values that a function's arguments have by default."""
    names = positions(function)
    found = dict(zip(names, function.__defaults__ or (), strict=True))
    return {**found, **(function.__kwdefaults__ or {})}


def positions(function: Any) -> tuple[str, ...]:
    """Return the names of the arguments whose defaults stand in `__defaults__`, in that order."""
    code, count = function.__code__, len(function.__defaults__ or ())
    names: tuple[str, ...] = code.co_varnames[code.co_argcount - count : code.co_argcount]
    return names


def globals_of(function: Any) -> dict[str, Any]:
    """Return the globals that the code of a function names, if it is not a package's."""
    if is_installed(function):
        return {}
    known = function.__globals__
    return {name: known[name] for name in _named(function.__code__) if name in known}


@lru_cache(maxsize=4096)
def _named(code: types.CodeType) -> tuple[str, ...]:
    own = [i.argval for i in dis.get_instructions(code) if i.opname.endswith("_GLOBAL")]
    inner = [name for c in code.co_consts if inspect.iscode(c) for name in _named(c)]
    return tuple(dict.fromkeys([*own, *inner]))
