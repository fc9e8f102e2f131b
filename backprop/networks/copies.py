"""Copies of arrays and layers, on another backend or in another dtype."""

import contextlib
import copy
import sys
from collections.abc import Iterable, Mapping
from typing import Any

import backends
from backends import Array, Backend, FloatDType
from backprop.arrays import is_array, is_floating
from backprop.layers import Layer
from backprop.networks.parameters import attributes


def copied(x: Any, backend: Backend | None, dtype: FloatDType | None) -> Array:
    """Return a copy of `x` on `backend`, in its own dtype if none is given."""
    backend = backend or backends.of(x)
    if backend.holds(x):
        return backend.xp.astype(x, backend.dtype(dtype or x.dtype), copy=True)
    host = backend.to_numpy(x) if is_array(x) else x
    return backend.asarray(host, dtype or getattr(getattr(host, "dtype", None), "name", None))


def copies_to(
    layers: Iterable[Any], backend: Backend | None, dtype: FloatDType | None
) -> list[Any]:
    """Return copies of layers with all that they learn and keep on `backend`, and no caches.

    Nothing of a copy is shared with its layer but what can't be copied, such as an open
    file or a lock; what two layers share their copies share too. State that is not floating keeps
    its dtype.
    """
    layers = list(layers)
    memo: dict[int, Any] = {id(module): module for module in sys.modules.values()}
    for layer in layers:
        for kind in ("params", "grads", "state"):
            held = getattr(layer, kind, None)
            for x in held.values() if isinstance(held, Mapping) else ():
                if is_array(x) and id(x) not in memo:
                    memo[id(x)] = copied(x, backend, dtype if is_floating(x) else None)
    return [_copy(layer, memo) for layer in layers]


def _copy(layer: Any, memo: dict[int, Any]) -> Any:
    if id(layer) in memo:
        return memo[id(layer)]
    other = memo[id(layer)] = copy.copy(layer)
    for name, value in attributes(layer).items():
        if name == "cache" and isinstance(layer, Layer):
            value = None
        with contextlib.suppress(Exception):  # what can't be copied is shared
            value = copy.deepcopy(value, memo)
        object.__setattr__(other, name, value)  # a frozen dataclass is a layer too
    return other
