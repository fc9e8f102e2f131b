"""Which arrays move the output, are made to do so, or are written anew by each forward pass."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import backends
from backprop.arrays import copy_of, is_floating, shape
from backprop.numerical.perturb import Place
from backprop.numerical.pieces import PIECE, fingerprint, flat_host
from backprop.targets.nested import leaves
from backprop.targets.objects import is_known_array
from backprop.targets.passes import Passes, marks
from backprop.targets.paths import floating_arrays, lying
from backprop.targets.state import State


def adopt_lazy(passes: Passes) -> None:
    """Start from what a first forward pass made, where later ones compute with it."""
    roots = passes.calls.roots
    before = {id(p.get()) for root in roots for p in floating_arrays(root).values()}
    kept: list[Place] = []

    def look() -> None:
        new = [
            (root, p)
            for root in roots
            for p in floating_arrays(root).values()
            if id(p.get()) not in before and not any(p.get() is x for _, x in leaves(passes.inputs))
        ]
        arrays = [p.get() for _, p in new]
        if new:
            y, _ = passes.calls.forward(passes.inputs)
            out = [leaf for _, leaf in leaves(y)]
        for (root, p), x in zip(new, arrays, strict=True):
            if lying(root, p.path) is x and not any(x is leaf for leaf in out):
                kept.append(p)
        if kept:
            base = State(*roots, passes.inputs)

            def run() -> Any:
                base.partly_back(())  # a target that counts its calls moves by itself
                base.generators_back()
                return passes.calls.forward(passes.inputs)[0]

            moving = [p for p in kept if moves(p, run)]
            base.restore()
            if moving:
                lazy.append(State(*roots, passes.inputs))

    lazy: list[State] = []
    passes.between(look)
    if lazy:
        lazy[0].restore()
        passes.start_from(lazy[0])


def moves(place: Place, run: Callable[[], Any]) -> bool:
    """Tell whether the output that `run` gives heeds an array: changed, it changes the output."""
    x = place.get()
    saved = copy_of(x)
    try:
        before = marks(run())
        change(place, x)
        after = marks(run())
    except Exception:  # it heeds the values at least
        return True
    finally:
        if backends.is_writable(x):
            x[...] = saved
        else:
            place.set(x)
    return before != after


def caches(passes: Passes, places: Sequence[tuple[Any, Place]]) -> list[Place]:
    """Return the places that a forward pass writes anew, whatever is there, and does not heed.

    Parameters
    ----------
    passes : Passes
        The target's.
    places : sequence of (object, Place)
        Each with the object that its path begins at.
    """
    written = _written(passes, places)
    passes.base.restore()
    return [place for place in written if not moves(place, passes.phi)]


def _written(passes: Passes, places: Sequence[tuple[Any, Place]]) -> list[Place]:
    passes.base.restore()
    try:
        for _, place in places:
            change(place, place.get())
        before = [_mark(*each) for each in places]
        passes.calls.forward(passes.inputs)
        pairs = zip(places, before, strict=True)
        return [each[1] for each, old in pairs if _mark(*each) != old]
    except Exception:  # it heeds the values at least
        return []
    finally:
        passes.base.restore()


def _mark(root: Any, place: Place) -> bytes | None:
    x = lying(root, place.path)
    return fingerprint(x) if is_known_array(x) else None


def change(place: Place, x: Any) -> None:
    """Put other values into an array, or an array of other values where it is kept."""
    changed = _changed(x)
    if backends.is_writable(x):
        x[...] = changed
    else:
        place.set(changed)


def _changed(x: Any) -> Any:
    """Return an array with other values; where they are no real floating numbers, with none."""
    if not is_floating(x):
        return np.zeros_like(x) if isinstance(x, np.ndarray) else 0 * x
    rng = np.random.default_rng(0)
    factors = 1.0 + 0.125 * rng.standard_normal(min(math.prod(shape(x)), PIECE))
    other = np.resize(factors, shape(x))
    other *= flat_host(x).reshape(shape(x))
    other += 0.125 * rng.random()
    return backends.of(x).asarray(other, x.dtype)
