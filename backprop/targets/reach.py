"""What is reachable from an object, by which path, and where it is kept."""

import functools
import types
from collections import deque
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from backprop.numerical.perturb import Place
from backprop.targets.objects import ATOMS, is_installed, is_known_array
from backprop.targets.parts import Step, cells, parts, positions

DEEPEST = 1000
"""How many steps away from an object things are searched for."""
MOST = 100_000
"""How many containers and arrays are looked at; what holds more is data, and not a layer."""
_MADE = 3  # properties of properties: each may make a new object, without end


@dataclass(frozen=True)
class Reached:
    """Something that is reachable, by which steps, and what holds it."""

    value: Any
    path: tuple[Step, ...]
    holder: "Reached | None"

    @property
    def place(self) -> Place:
        """Where it is kept."""
        if self.holder is None:
            raise ValueError("the object itself is kept nowhere")
        (kind, key), holder = self.path[-1], self.holder.value
        if kind == "cell":
            return Place(cells(holder)[key], "cell_contents", attribute=True)
        if kind == "global":
            return Place(holder.__globals__, key)
        if kind == "default" and key in (holder.__kwdefaults__ or {}):
            return Place(holder.__kwdefaults__, key)
        if kind == "default":
            outer = Place(holder, "__defaults__", attribute=True)
            return Fixed(holder.__defaults__, positions(holder).index(key), outer=outer)
        if isinstance(holder, _FIXED) and kind in ("item", "member"):
            kept = self.holder.holder is not None
            return Fixed(holder, key, outer=self.holder.place if kept else None)
        return Place(holder, key, attribute=kind != "item")


_FIXED = (tuple, set, frozenset, types.MappingProxyType)


@dataclass(frozen=True)
class Fixed(Place):
    """A place in a tuple, a set or a view of a dictionary: another is put where the old one is."""

    outer: Place | None = None

    def get(self) -> Any:
        """Return what lies there now."""
        holder = self.holder if self.outer is None else self.outer.get()
        return list(holder)[self.key] if isinstance(holder, set | frozenset) else holder[self.key]

    def set(self, value: Any) -> None:
        """Put one with another item where the old one is kept."""
        if self.outer is not None:
            self._replace(self.outer, value)
        for other in self.also:
            other.set(value)

    def _replace(self, outer: Place, value: Any) -> None:
        old: Any = outer.get()
        if isinstance(old, types.MappingProxyType):
            outer.set(types.MappingProxyType({**old, self.key: value}))
            return
        items = [value if i == self.key else item for i, item in enumerate(old)]
        new = type(old)(*items) if hasattr(old, "_fields") else type(old)(items)
        f = outer.holder
        if isinstance(f, functools.partial) and outer.key == "args":
            f.__setstate__((f.func, new, f.keywords, vars(f)))  # type: ignore[attr-defined]
        else:
            outer.set(new)


def reachable(root: Any) -> Generator[Reached, None, bool]:
    """Yield what is reachable from an object, breadth first, the object itself first.

    Each thing once, but an array in every place where it is kept. Return whether all was looked at.
    """
    queue = deque([Reached(root, (), None)])
    seen = {id(root): root}  # with the thing, as a property may make a new one at each look
    count, deep = 0, False
    while queue and count < MOST:
        found = queue.popleft()
        count += 1
        yield found
        if is_known_array(found.value):
            continue
        if len(found.path) >= DEEPEST:
            deep = True
            continue
        for step, value in parts(found.value):
            if isinstance(value, ATOMS) or _is_closed(value):
                continue
            if id(value) in seen and not is_known_array(value):
                continue
            path = (*found.path, step)
            if step[0] == "property" and sum(kind == "property" for kind, _ in path) > _MADE:
                continue
            seen[id(value)] = value
            queue.append(Reached(value, path, found))
    return not queue and not deep


def _is_closed(x: Any) -> bool:
    """Tell whether something is code of a package: what it computes with is its own affair."""
    return isinstance(x, type | types.ModuleType) and is_installed(x)


def is_searched(root: Any) -> bool:
    """Tell whether all that is reachable from an object can be looked at."""
    found = reachable(root)
    while True:
        try:
            next(found)
        except StopIteration as end:
            return bool(end.value)
