"""Copies of what a function is given, with other arrays in them: nothing is shared between runs.

They go as deep as there is something to copy, into private attributes too. What stands in two
places stands in both as one, so that ``f(x, x)`` is that on every library.
"""

import copy
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from enum import Enum
from functools import partial
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

from .structure import is_namespace, looks_like_array, slots_of

_AS_THEY_ARE = (
    *(type, ModuleType, FunctionType, BuiltinFunctionType, MethodType, partial),
    *(type(None), bool, int, float, complex, str, bytes, slice, range, type(Ellipsis), Enum),
)


def arrays_in(value: Any, wanted: Callable[[Any], bool]) -> list[Any]:
    """Return each array once that lies anywhere in a value, and is `wanted`."""
    found: list[Any] = []

    def note(leaf: Any) -> Any:
        if wanted(leaf):
            found.append(leaf)
        return leaf

    Copies(note)(value)
    return found


def with_arrays(value: Any, wanted: Callable[[Any], bool], others: Iterable[Any]) -> Any:
    """Return a copy of a value with `others` for the arrays that `arrays_in` finds, in turn."""
    left = iter(others)
    return Copies(lambda leaf: next(left) if wanted(leaf) else leaf)(value)


def own_copy(value: Any) -> Any:
    """Return a copy of something, as deep as it goes; itself where that can't be had."""
    try:
        return copy.deepcopy(value)
    except Exception:  # it holds a connection, a lock
        return value


class Copies:
    """Copies values, with ``convert(array)`` for each array, and for each namespace.

    What can't be copied (a connection, a lock) is handed on as it is, and so are functions.
    """

    def __init__(self, convert: Callable[[Any], Any]) -> None:
        self.convert = convert
        self.made: dict[int, tuple[Any, Any]] = {}  # the originals too: their ids stay their own

    def __call__(self, value: Any) -> Any:
        """Return the copy of a value: the same one each time."""
        if id(value) not in self.made:
            self._made(value, self._copied(value))
        return self.made[id(value)][1]

    def _made(self, value: Any, new: Any) -> Any:
        """Note the copy of a value; the first stays, for a value may lie in itself."""
        return self.made.setdefault(id(value), (value, new))[1]

    def _copied(self, value: Any) -> Any:
        if looks_like_array(value) or is_namespace(value):
            return self.convert(value)
        if isinstance(value, _AS_THEY_ARE):
            return value
        if isinstance(value, tuple):
            return self._tuple(value)
        if type(value) in (set, frozenset):
            return type(value)(map(self, value))
        if isinstance(value, Mapping) and not hasattr(value, "update"):  # a view of one
            return self._view(value)
        try:
            shell = copy.copy(value)
        except Exception:  # a connection, a socket
            return value
        if shell is value:
            return value
        if isinstance(value, list | dict | deque | Mapping) or _is_plain(value):
            return self._filled(self._made(value, shell))
        return self._deep(value)

    def _tuple(self, value: tuple[Any, ...]) -> Any:
        new = [self(item) for item in value]
        extras = getattr(value, "__dict__", {})
        if not extras and all(a is b for a, b in zip(new, value, strict=True)):
            return value
        if not extras and type(value) is tuple:
            return tuple(new)
        made = self._made(value, tuple.__new__(type(value), new))
        if extras:
            vars(made).update({name: self(item) for name, item in extras.items()})
        return made

    def _view(self, value: Mapping[Any, Any]) -> Any:
        made = {key: self(item) for key, item in value.items()}
        with suppress(Exception):
            return type(value)(made)  # type: ignore[call-arg]
        return made

    def _filled(self, shell: Any) -> Any:
        """Return a shallow copy, once what lies in it is copied too."""
        if isinstance(shell, list):
            shell[:] = [self(item) for item in shell]
        elif isinstance(shell, deque):
            items = [self(item) for item in shell]
            shell.clear()
            shell.extend(items)
        elif isinstance(shell, Mapping):
            for key, item in list(shell.items()):
                shell[key] = self(item)  # type: ignore[index]
        with suppress(AttributeError):
            vars_of = shell.__dict__
            for name, item in list(vars_of.items()):
                vars_of[name] = self(item)
        for name in slots_of(shell):
            object.__setattr__(shell, name, self(getattr(shell, name)))
        return shell

    def _deep(self, value: Any) -> Any:
        """Return a copy of what says itself how it is copied: a generator of random numbers."""
        for item in list(getattr(value, "__dict__", {}).values()):
            self(item)
        try:
            return copy.deepcopy(value, {key: new for key, (_, new) in self.made.items()})
        except Exception:  # it holds a connection, a lock
            return self._filled(self._made(value, copy.copy(value)))


def _is_plain(value: Any) -> bool:
    """Tell whether an object is nothing but its attributes."""
    kind = type(value)
    return (
        not hasattr(kind, "__deepcopy__")
        and getattr(kind, "__reduce_ex__", None) is object.__reduce_ex__
        and getattr(kind, "__reduce__", None) is object.__reduce__
        and (hasattr(value, "__dict__") or bool(slots_of(value)))
    )
