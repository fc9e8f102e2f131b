"""Numbers in place of arrays: inputs and parameters that come as Python's or NumPy's floats."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

import backends
from backprop.arrays import copy_of, is_floating
from backprop.numerical.perturb import Place
from backprop.numerical.pieces import flat_host
from backprop.targets import places
from backprop.targets.moving import moves
from backprop.targets.nested import is_real, leaves
from backprop.targets.objects import is_known_array
from backprop.targets.parts import parts
from backprop.targets.passes import Passes
from backprop.targets.paths import arrays_of, lying
from backprop.targets.reach import Reached, reachable
from backprop.targets.state import State


def copied(leaf: Any, inputs: Sequence[Any]) -> Any:
    """Return a copy of an array; a float as an array, an integer too if all inputs are numbers."""
    if is_known_array(leaf) and not isinstance(leaf, np.generic):
        return copy_of(leaf)
    if isinstance(leaf, np.generic):
        return np.array(leaf)
    if isinstance(leaf, float) or (_is_integer(leaf) and all(map(_is_number, inputs))):
        return _like(inputs, float(leaf))
    return leaf


def _is_integer(x: Any) -> bool:
    return isinstance(x, int) and not isinstance(x, bool)


def _is_number(x: Any) -> bool:
    return isinstance(x, float) or _is_integer(x)


def _like(holder: Any, value: Any) -> Any:
    """Return numbers as an array of the library and dtype of the floating arrays around them."""
    value = (
        np.array(flat_host(value).reshape(value.shape), float) if is_known_array(value) else value
    )
    arrays = (x for _, x in leaves(list(holder)) if is_known_array(x) and is_floating(x))
    x = next((x for x in arrays if not isinstance(x, np.generic)), None)
    return np.array(value) if x is None else backends.of(x).asarray(np.array(value), x.dtype)


def promote_integers(passes: Passes) -> None:
    """Let an integer that a gradient is returned for be a float, where the target takes one."""
    returned = passes.backward(lambda value: value)
    if not isinstance(returned, tuple | list) or len(returned) != len(passes.inputs):
        return
    integers = [i for i, x in enumerate(passes.inputs) if _is_integer(x) and is_real(returned[i])]
    for i in integers:
        x, passes.inputs[i] = passes.inputs[i], np.array(float(passes.inputs[i]))
        try:
            passes.phi()
        except Exception:  # the target wants an integer there
            passes.inputs[i] = x
    if integers:
        passes.start_from(State(*passes.calls.roots, passes.inputs))


def promote_numbers(passes: Passes) -> None:
    """Let floats and arrays of integers be floating arrays, if they are parameters.

    They have a gradient by name, and move the output.
    """
    floats = [*_floats(passes), *_integers(passes)]
    if not floats:
        return

    def look(returned: Any) -> list[tuple[Place, Any]]:
        roots = passes.calls.roots
        return [
            (place, value)
            for place, value in floats
            if (where := places.named(roots, place.path, returned)) is not None
            and _size(where.read(returned)) == _size(value)
            and any(_is_same(lying(root, place.path), value) for root in roots)
        ]

    learnt = passes.backward(look)
    moving = []
    for place, value in learnt:
        place.set(_like(passes.inputs, value))
        try:
            if moves(place, passes.phi):
                moving.append(place)
                continue
        except Exception:  # the target wants a float there
            pass
        place.set(value)
    if moving:
        passes.start_from(State(*passes.calls.roots, passes.inputs))


def _floats(passes: Passes) -> Iterator[tuple[Place, float]]:
    for root in passes.calls.roots:
        for found in reachable(root):
            if is_known_array(found.value) or isinstance(found.value, tuple):
                continue
            for step, value in parts(found.value):
                if isinstance(value, float | np.floating) and step[0] in ("attribute", "item"):
                    path = (*found.path, step)
                    place = Reached(value, path, found).place
                    yield (
                        Place(place.holder, place.key, attribute=place.attribute, path=path),
                        float(value),
                    )


def _integers(passes: Passes) -> Iterator[tuple[Place, Any]]:
    for root in passes.calls.roots:
        for place in arrays_of(root, _is_of_integers).values():
            yield place, place.get()


def _is_of_integers(x: Any) -> bool:
    return "int" in str(x.dtype)


def _size(x: Any) -> int:
    return math.prod(getattr(x, "shape", ()))


def _is_same(now: Any, value: Any) -> bool:
    return now is value if is_known_array(value) else bool(now == value)
