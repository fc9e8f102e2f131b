"""Arrays that a property makes anew at each look, of others that are held: no parameters."""

from collections.abc import Sequence
from typing import Any

import numpy as np

import backends
from backprop.arrays import copy_of, shape
from backprop.numerical.perturb import Place
from backprop.numerical.pieces import flat64, same
from backprop.targets.moving import change
from backprop.targets.objects import is_known_array
from backprop.targets.passes import Passes
from backprop.targets.paths import follow


def derived(passes: Passes, places: Sequence[tuple[Any, Place]]) -> list[Place]:
    """Return the places of arrays that are made of what lies at the others, each entry of them.

    Parameters
    ----------
    passes : Passes
        The target's.
    places : sequence of (object, Place)
        Each with the object that its path begins at.
    """
    read = [each for each in places if any(kind == "property" for kind, _ in each[1].path)]
    if not read:
        return []
    held = [place for _, place in places if not any(place is p for _, p in read)]
    try:
        made = [(root, place, _value(root, place)) for root, place in read if _is_made(root, place)]
        for place in held:
            change(place, place.get())
        return [place for root, place, old in made if _is_other(old, _value(root, place))]
    except Exception:  # what properties do is their own affair
        return []
    finally:
        passes.base.restore()


def _value(root: Any, place: Place) -> Any:
    return copy_of(follow(root, place.path))


def _is_made(root: Any, place: Place) -> bool:
    """Tell whether each look gives another array, that is not heeded when it is changed."""
    x = follow(root, place.path)
    if follow(root, place.path) is x:
        return False
    if not backends.is_writable(x):
        return True
    old = copy_of(x)
    x[...] = np.nan
    heeded = not same(old, follow(root, place.path))
    x[...] = old
    return not heeded


def _is_other(old: Any, now: Any) -> bool:
    """Tell whether each entry is another, but for those that are 0 as before."""
    if not is_known_array(now) or shape(now) != shape(old):
        return True
    before, after = flat64(old), flat64(now)
    return bool(((before != after) | (before == 0.0)).all()) and bool((before != after).any())
