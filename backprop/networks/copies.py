"""Copies of arrays and layers, on another backend or in another dtype."""

import copy
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


def copy_to(layer: Any, backend: Backend | None, dtype: FloatDType | None) -> Any:
    """Return a copy of a layer with its parameters and its state on `backend`, and no cache.

    State that is not floating, such as a count, keeps its dtype.
    """
    other = copy.copy(layer)
    if isinstance(layer, Layer):
        other.cache = None
    if isinstance(getattr(layer, "grads", None), dict):
        other.grads = {}
    for kind in ("params", "state"):
        held = getattr(layer, kind, None)
        if isinstance(held, dict):
            copies = {
                key: copied(x, backend, dtype if is_floating(x) else None)
                for key, x in held.items()
            }
            setattr(other, kind, copies)
            for name, own in attributes(layer).items():
                for key, x in held.items():
                    if own is x:
                        setattr(other, name, copies[key])
    return other
