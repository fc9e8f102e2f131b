"""The state of a target: all that its objects hold, remembered and put back.

Arrays, containers, attributes, and generators of random numbers, the global ones included.
"""

import random
import types
from array import array
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import numpy as np

import backends
from backprop.arrays import copy_of
from backprop.networks.parameters import attributes
from backprop.numerical.pieces import same
from backprop.targets.generators import global_generators, same_state, with_state
from backprop.targets.objects import is_full, is_known_array
from backprop.targets.parts import cells, globals_of, shared
from backprop.targets.reach import reachable

T = TypeVar("T")


def _is_container(x: Any) -> bool:
    return isinstance(x, dict | list | set | deque | bytearray | array) or is_full(x)


class State:
    """All that an object holds, to be put back: containers, arrays, generators.

    Parameters
    ----------
    *roots : object
        Arrays are copied; of everything else it is remembered what was where.
    """

    def __init__(self, *roots: Any) -> None:
        self._containers: list[tuple[Any, Any]] = []
        self._arrays: list[tuple[Any, Any]] = []
        self._known: set[int] = set()
        self._generators: list[tuple[Callable[[], Any], Callable[[Any], None], Any]] = []
        for root in roots:
            for found in reachable(root):
                self._remember(found.value)
        for read, write in global_generators():
            self._generators.append((read, write, read()))

    def _remember(self, value: Any) -> None:
        if is_known_array(value):
            own = _held(value)
            if own and not self.holds(value):
                self._containers.append((value, own))
                for each in filter(is_known_array, own.values()):
                    self._remember(each)
            if backends.is_writable(_plain(value)) and not self.holds(value):
                self._arrays.append((value, copy_of(_plain(value))))
                self._known.add(id(value))
        elif isinstance(value, np.random.Generator | np.random.BitGenerator):
            bits: Any = getattr(value, "bit_generator", value)
            self._generators.append(
                (lambda: bits.state, lambda s: setattr(bits, "state", s), bits.state)
            )
        elif isinstance(value, with_state()):
            self._generators.append((value.get_state, value.set_state, value.get_state()))
        elif isinstance(value, random.Random):
            self._generators.append((value.getstate, value.setstate, value.getstate()))
        elif _is_container(value):
            self._containers.append((value, value[:] if isinstance(value, array) else value.copy()))
            if hasattr(value, "__dict__"):  # of a class of one's own
                self._containers.append((vars(value), dict(vars(value))))
        elif isinstance(value, types.FunctionType):
            self._containers += [(cell, _held(cell)) for cell in cells(value).values()]
            self._containers.append((value, _held(value)))
        elif not isinstance(value, tuple | types.MethodType):
            self._containers.append((value, _held(value)))

    def changed(self) -> "State":
        """Return the part that is not as it was: what has to be put back after such a pass."""
        part = object.__new__(State)
        part._known = set()
        part._containers = [(h, old) for h, old in self._containers if not _holds(h, old)]
        part._arrays = [(x, old) for x, old in self._arrays if not same(x, old)]
        part._generators = [g for g in self._generators if not same_state(g[0](), g[2])]
        return part

    def also(self, other: "State") -> None:
        """Count what another part of the state holds as well."""
        own = {id(x) for x, _ in self._arrays} | {id(h) for h, _ in self._containers}
        self._arrays += [pair for pair in other._arrays if id(pair[0]) not in own]
        self._containers += [pair for pair in other._containers if id(pair[0]) not in own]
        self._generators += [g for g in other._generators if g not in self._generators]

    def only_caches(self) -> bool:
        """Tell whether nothing is other than it was but attributes that came to hold arrays."""
        empty = (tuple, dict, list, types.NoneType)
        return (
            not self._arrays
            and not self._generators
            and all(
                not _is_container(holder)
                and all(
                    isinstance(old.get(name), empty)
                    and (isinstance(value, empty) or is_known_array(value))
                    for name, value in _held(holder).items()
                    if old.get(name, self) is not value
                )
                for holder, old in self._containers
            )
        )

    def generators_back(self) -> None:
        """Put the generators alone back."""
        for _, write, state in self._generators:
            write(state)

    def holds(self, x: Any) -> bool:
        """Tell whether an array is part of it."""
        return id(x) in self._known

    def values(self, x: Any) -> Any:
        """Return an array as it was, where it is part of the state; else as it is."""
        return next((old for own, old in self._arrays if own is x), x)

    def partly_back(self, arrays: Sequence[Any] | None) -> None:
        """Put some arrays back, where they were and as they were, and all numbers; none if None."""
        if arrays is None:
            return
        for x, old in self._arrays:
            if any(x is one for one in arrays):
                _put_values(x, old)
        for holder, old in self._containers:
            for key, value in old.items() if isinstance(old, dict) else enumerate(old):
                if isinstance(value, int | float) or any(value is one for one in arrays):
                    _put_one(holder, key, value)

    def restore(self) -> None:
        """Put everything back: the same objects where they were, with the same values."""
        for holder, old in self._containers:
            if not _is_container(holder):
                _put_attributes_back(holder, old)
            elif not _holds(holder, old):
                _put_back(holder, old)
        for x, old in self._arrays:
            _put_values(x, old)
        self.generators_back()


def tried(roots: Sequence[Any], run: Callable[[], T]) -> T:
    """Return what a call gives, and put back all that it changed."""
    state = State(*roots)
    try:
        return run()
    finally:
        state.restore()


def _plain(x: Any) -> Any:
    """Return the memory of a tensor that autograd watches, as a tensor that it doesn't."""
    return x.detach() if getattr(x, "requires_grad", False) else x


def watched_like(x: Any, copy: Any) -> Any:
    """Return a copy of an array that autograd watches as it does the array."""
    return copy.detach().requires_grad_() if getattr(x, "requires_grad", False) else copy


def _put_values(x: Any, old: Any) -> None:
    if x is _plain(x) or not same(_plain(x), old):  # a graph may wait for what is watched
        _plain(x)[...] = old


def _held(holder: Any) -> dict[str, Any]:
    """Return what an object holds, or what hangs on an array: the `grad` of a tensor, and more."""
    if isinstance(holder, types.CellType):
        return {"cell_contents": holder.cell_contents}
    if isinstance(holder, types.FunctionType):
        return globals_of(holder)
    if isinstance(holder, type | types.ModuleType):
        return shared(holder)
    found = attributes(holder)
    leaf = hasattr(type(holder), "is_leaf") and holder.is_leaf
    return {"grad": holder.grad, **found} if leaf else found


def _holds(holder: Any, old: Any) -> bool:
    now = holder if _is_container(holder) else _held(holder)
    if len(now) != len(old):
        return False
    if isinstance(old, set):
        return bool(now == old)
    if not isinstance(old, dict):
        return all(a is b for a, b in zip(_items(now), _items(old), strict=True))
    return all(key in now and now[key] is value for key, value in old.items())


def _items(holder: Any) -> Iterable[Any]:
    return holder.flat if isinstance(holder, np.ndarray) else holder


def _put_one(holder: Any, key: Any, value: Any) -> None:
    if not _is_container(holder):
        _write(holder, key, value)
    elif isinstance(holder, dict) or (isinstance(holder, list) and key < len(holder)):
        holder[key] = value


def _put_back(holder: Any, old: Any) -> None:
    if isinstance(holder, list | bytearray | array | np.ndarray):
        holder[:] = old
    elif isinstance(holder, deque):
        holder.clear()
        holder.extend(old)
    else:
        holder.clear()
        holder.update(old)


def _put_attributes_back(holder: Any, old: dict[str, Any]) -> None:
    now = _held(holder)
    for name, value in old.items():
        if name not in now or now[name] is not value:
            _write(holder, name, value)
    for name in now.keys() - old.keys():
        _delete(holder, name)


def _write(holder: Any, name: str, value: Any) -> None:
    if isinstance(holder, types.FunctionType):
        holder.__globals__[name] = value
    elif isinstance(holder, type):
        type.__setattr__(holder, name, value)
    else:
        object.__setattr__(holder, name, value)


def _delete(holder: Any, name: str) -> None:
    if isinstance(holder, types.FunctionType):
        del holder.__globals__[name]
    elif isinstance(holder, type):
        type.__delattr__(holder, name)
    else:
        object.__delattr__(holder, name)
