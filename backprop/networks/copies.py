"""Copies of arrays and layers, on another backend or in another dtype."""

import contextlib
import copy
import sys
from collections.abc import Iterable, Mapping
from typing import Any

import backends
from backends import Array, Backend, DType, FloatDType, isdtype, namespace
from backends.host import short_name
from backprop.arrays import host_values, is_array, is_bfloat16, is_floating
from backprop.layers import Layer
from backprop.networks.parameters import attributes


def copied(x: Any, backend: Backend | None, dtype: FloatDType | None) -> Array:
    """Return a copy of `x` on `backend`, in its own dtype if none is given."""
    backend = backend or backends.of(x)
    if backend.holds(x):
        return backend.xp.astype(x, backend.dtype(dtype or x.dtype), copy=True)
    host = host_values(x) if is_array(x) else x
    own = getattr(getattr(host, "dtype", None), "name", None)
    return backend.asarray(host, dtype or ("bfloat16" if is_bfloat16(x) else own))


def check_dtype(dtype: Any) -> None:
    """Raise a TypeError that names the argument unless it may be a floating dtype, or None."""
    name = dtype if isinstance(dtype, str) else str(dtype)
    if dtype is not None and "float" not in name:
        raise TypeError(f"`dtype` must be real floating; got {dtype!r:.80}")


def fitting(x: Array, backend: Backend | None, dtype: FloatDType | DType) -> Array:
    """Return a copy as `copied` does.

    Raises
    ------
    OverflowError
        When more than digits are lost: a value is beyond the dtype, or no whole number.
    TypeError
        When it is complex, and the dtype is not.
    """
    source = backends.of(x)
    backend, xp = backend or source, namespace(x)
    if isdtype(xp, x.dtype, "complex floating"):
        raise TypeError(f"an array must be real; got {x.dtype}")
    if source.is_host and backend.is_host:
        return backend.asarray(host_values(x), dtype)  # which looks, too
    copy = copied(x, backend, dtype)
    narrowed = short_name(x.dtype) != short_name(copy.dtype)
    if narrowed and source.has_values and backend.has_values:
        back = copied(copy, source, x.dtype)
        floating = isdtype(xp, x.dtype, "real floating")
        fits = xp.isfinite(back) | ~xp.isfinite(x) if floating else back == x
        if not bool(xp.all(fits)):
            raise OverflowError(f"values must fit {short_name(copy.dtype)}; got {x.dtype}")
    return copy


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
                    other = dtype is not None and is_floating(x)
                    new = fitting(x, backend, dtype) if other else copied(x, backend, None)
                    memo[id(x)] = new
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
