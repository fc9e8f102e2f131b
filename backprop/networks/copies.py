"""Copies of arrays and layers, on another backend or in another dtype."""

import copy
from typing import Any

import backends
from backends import Array, Backend, DType


def copied(x: Any, backend: Backend | None, dtype: str | DType | None) -> Array:
    """Return a copy of `x` on `backend`, in its own dtype if none is given."""
    backend = backend or backends.of(x)
    if backend.holds(x):
        return backend.xp.astype(x, backend.dtype(dtype or x.dtype), copy=True)
    host = backend.to_numpy(x) if hasattr(x, "dtype") else x
    return backend.asarray(host, dtype or getattr(getattr(host, "dtype", None), "name", None))


def moved(layer: Any, backend: Backend | None, dtype: str | DType | None) -> Any:
    """Return a copy of a layer with its parameters on `backend`, and without its cache."""
    other = copy.copy(layer)
    if hasattr(layer, "cache"):
        other.cache = None
    if getattr(layer, "params", None):
        other.params = {key: copied(value, backend, dtype) for key, value in layer.params.items()}
        other.grads = {}
    return other
