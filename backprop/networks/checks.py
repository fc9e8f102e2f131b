"""Checks of a network's layers, and what they have in common."""

import itertools
from collections.abc import Mapping
from typing import Any

import backends
from backends import Array, Backend, DType, is_host, isdtype, namespace
from backends.host import share_memory
from backprop.networks.parameters import Slot


def check_objects(layers: Any, last_layer: Any) -> None:
    """Raise an error unless layers by name and a loss layer can make a network.

    Raises
    ------
    TypeError
        When `layers` is no mapping by name, or something in it is no layer.
    ValueError
        When one layer stands in two places.
    """
    if not isinstance(layers, Mapping):
        raise TypeError(
            "`layers` must be a dictionary of layers by name, in order, as {'Affine1': ..., "
            f"'Relu1': ...}}; got {type(layers).__name__}"
        )
    seen: dict[int, str] = {}
    for name, layer in (*layers.items(), ("last_layer", last_layer)):
        if not isinstance(name, str):
            raise TypeError(f"the name of a layer must be a string; got {name!r}")
        if not hasattr(layer, "forward"):  # one without `backward` does for inference
            raise TypeError(
                f"{name!r} must be a layer, with `forward` and `backward`; got {layer!r}"
            )
        if id(layer) in seen:
            raise ValueError(
                f"each layer must be an object of its own; {name!r} is {seen[id(layer)]!r}"
            )
        seen[id(layer)] = name


def check_own(params: Mapping[str, Array]) -> None:
    """Raise a ValueError when one array is two parameters, or two are views of the same memory.

    Training would change both where arrays are changed in place, each for itself where not; and
    arrays that are loaded are two.
    """
    changed = {name for name, x in params.items() if is_host(x) and backends.is_writable(x)}
    for (one, x), (other, y) in itertools.combinations(params.items(), 2):
        if x is y or ({one, other} <= changed and share_memory(x, y)):
            raise ValueError(
                f"each parameter must be an array of its own; `{other}` is `{one}`, or a part of "
                "it: give one of the two layers a copy"
            )


def common_backend(slots: Mapping[str, Slot]) -> Backend | None:
    """Return the backend that all arrays are on; None if there is no array.

    Raises
    ------
    TypeError
        When they differ in library or device.
    """
    backend = None
    for name, slot in slots.items():
        x = slot.get()
        backend = backend or backends.of(x)
        backend.require(x, name)
    return backend


def common_dtype(params: Mapping[str, Any]) -> DType | None:
    """Return the dtype of all parameters; None if there is none.

    Raises
    ------
    TypeError
        When they are not floating, or differ in dtype.
    """
    dtype = None
    for name, x in params.items():
        if not isdtype(namespace(x), x.dtype, "real floating"):
            raise TypeError(f"`{name}` must be real floating; got {x.dtype}")
        if dtype is not None and x.dtype != dtype:
            raise TypeError(f"parameters must have one dtype, {dtype}; `{name}` is {x.dtype}")
        dtype = x.dtype
    return dtype
