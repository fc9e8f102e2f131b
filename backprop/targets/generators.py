"""Generators of random numbers, and their states: the global ones of Python, NumPy and PyTorch."""

import random
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from backprop.numerical.pieces import same
from backprop.targets.objects import is_known_array


def global_generators() -> Iterator[tuple[Callable[[], Any], Callable[[Any], None]]]:
    """Yield how to read and to write the state of each generator that all share."""
    yield np.random.get_state, np.random.set_state
    yield random.getstate, random.setstate
    torch = sys.modules.get("torch")
    if torch is not None:
        yield torch.get_rng_state, torch.set_rng_state


def with_state() -> tuple[Any, ...]:
    """Return the generators with methods `get_state` and `set_state`: NumPy's older, PyTorch's."""
    torch = sys.modules.get("torch")
    return (np.random.RandomState,) if torch is None else (np.random.RandomState, torch.Generator)


def same_state(a: Any, b: Any) -> bool:
    """Compare the states of generators: numbers and arrays in tuples and dictionaries."""
    if isinstance(a, dict):
        return all(same_state(a[key], b[key]) for key in a)
    if isinstance(a, tuple) and any(isinstance(v, np.ndarray | tuple) for v in a):
        return all(map(same_state, a, b))
    if is_known_array(a):
        return same(a, b)
    return bool(a == b)
