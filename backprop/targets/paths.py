"""Paths from an object to its arrays: as names that people read, and as places to follow."""

import functools
import re
import types
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from backprop.arrays import is_floating
from backprop.numerical.perturb import Place
from backprop.targets.objects import is_known_array
from backprop.targets.parts import Step, cells, defaults
from backprop.targets.reach import Reached, reachable


def floating_arrays(root: Any) -> dict[str, Place]:
    """Return the floating arrays that are reachable from an object, by readable names."""
    return arrays_of(root, is_floating)


def arrays_of(root: Any, wanted: Callable[[Any], bool]) -> dict[str, Place]:
    """Return the arrays of a kind that are reachable from an object, by readable names.

    An array that is kept in several places is one, under the first name.
    """
    found: dict[int, list[Reached]] = {}
    for each in reachable(root):
        if each.path and is_known_array(each.value) and wanted(each.value):
            found.setdefault(id(each.value), []).append(each)
    named: dict[str, Place] = {}
    for places in found.values():
        first, *others = sorted(places, key=_aside)
        also = tuple(other.place for other in others if other.path[-1][0] not in _READ)
        name = _free(readable(first.path), named)
        named[name] = replace(first.place, also=also, path=first.path)
    return named


_READ = ("property", "shared")


def _aside(found: Reached) -> tuple[bool, bool]:
    """Tell whether an array is better replaced elsewhere: of a class, a property, in a tuple."""
    in_tuple = found.holder is not None and isinstance(found.holder.value, tuple)
    of_class = any(kind == "class" for kind, _ in found.path)
    return of_class, found.path[-1][0] in _READ or in_tuple


def _free(name: str, taken: Any) -> str:
    return name if name not in taken else _free(f"{name}'", taken)


_CONTAINERS = ("params", "parameters", "_parameters", "weights")


def readable(path: tuple[Step, ...]) -> str:
    """Return a path as a name: `W`, `layers[0].W`; what stands in `params` by its key alone."""
    text = ""
    for i, (kind, key) in enumerate(path):
        inside = i > 0 and path[i - 1][0] != "item" and path[i - 1][1] in _CONTAINERS
        if kind == "class" or key in ("__self__", "__func__"):
            continue
        if kind == "global":
            text = str(key)
        elif kind == "item" and isinstance(key, str) and inside:
            text = text[: text.rfind(str(path[i - 1][1]))] + key
        elif kind in ("item", "member"):
            text += f"[{key!r}]"
        else:
            text += f".{key}" if text and not text.endswith(".") else str(key)
    return text


def follow(root: Any, path: tuple[Step, ...]) -> Any:
    """Return what lies at a path from an object.

    Raises
    ------
    AttributeError, KeyError, IndexError, TypeError
        When there is nothing.
    """
    for kind, key in path:
        if kind in ("item", "member") and is_known_array(root):
            raise TypeError(f"an array holds nothing at {key!r}")
        if kind == "cell":
            root = cells(root)[key].cell_contents
        elif kind == "global":
            root = root.__globals__[key]
        elif kind == "default":
            root = defaults(root)[key]
        elif kind == "member":
            root = list(root)[key]
        elif kind == "class":
            root = key
        else:
            root = root[key] if kind == "item" else getattr(root, key)
    return root


_OF_CODE = (types.ModuleType, types.FunctionType, types.MethodType, functools.partial)


def is_of_function(path: tuple[Step, ...]) -> bool:
    """Tell whether a path leads through a function that is the target, or through a global."""
    kinds = [kind for kind, _ in path]
    return kinds[:1] in (["cell"], ["default"]) or "global" in kinds


def is_bare(root: Any, path: tuple[Step, ...]) -> bool:
    """Tell whether an array is known to a function by itself, and is no attribute of an object."""
    if not is_of_function(path):
        return False
    start = max((i for i, (kind, _) in enumerate(path) if kind == "global"), default=0)
    for i in range(start, len(path)):
        holder = follow(root, path[:i])
        if path[i][0] in ("attribute", "property", "shared") and not isinstance(holder, _OF_CODE):
            return False
    return True


def lying(root: Any, path: tuple[Step, ...]) -> Any:
    """Return what lies at a path from an object; None where there is nothing."""
    try:
        return follow(root, path)
    except (AttributeError, KeyError, IndexError, TypeError):
        return None


_STEP = re.compile(r"\.?([^.\[\]]+)|\[([^\]]+)\]")


def parse(text: str) -> tuple[Step, ...]:
    """Return the path that `inner.W`, `layers[0].W` or `params['W']` stands for."""
    steps: list[Step] = []
    for name, key in _STEP.findall(text):
        if name:
            steps.append(("attribute", name))
        else:
            steps.append(("item", int(key) if key.lstrip("-").isdigit() else key.strip("'\"")))
    return tuple(steps)
