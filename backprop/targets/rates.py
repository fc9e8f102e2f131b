"""The rate at which a backward pass learns, as callers and targets name it."""

from collections.abc import Iterable, Mapping
from typing import Any

from backprop.targets.parts import parts
from backprop.targets.reach import reachable

_NAMES = ("lr", "learning_rate", "learn_rate", "l_rate", "step_size", "eta", "rate")


def learning_rate(kwargs: Mapping[str, Any], roots: Iterable[Any]) -> float:
    """Return the learning rate that is given by name, or held by an object or its optimizer.

    It is 1 where there is none, as a backward pass may simply subtract the gradient.
    """
    for name, value in kwargs.items():
        if isinstance(value, float) and value and ("lr" in name or "rate" in name or name in _MORE):
            return value
    held = [
        (_NAMES.index(key), value)
        for root in roots
        for found in reachable(root)
        for (kind, key), value in parts(found.value)
        if kind in ("attribute", "shared") and isinstance(value, float) and value and key in _NAMES
    ]
    return min(held, key=lambda each: each[0])[1] if held else 1.0


_MORE = ("alpha", "eta", "step_size")
