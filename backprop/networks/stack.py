"""Affine layers with an activation between them, from named arrays."""

from collections.abc import Mapping
from typing import Any

import backends
from backends import Array, Backend, FloatDType
from backprop.arrays import check_real, check_unmasked, is_array, shape
from backprop.finite import check_finite
from backprop.layers.activation import activation as activation_layer
from backprop.layers.affine import Affine
from backprop.networks.copies import copied


def affine_stack(params: Mapping[str, Array], activation: str) -> dict[str, Any]:
    """Return the layers Affine1, Relu1, Affine2, ... that hold `W1, b1, W2, b2, ...`."""
    layer = activation_layer(activation)
    depth = len(params) // 2
    layers: dict[str, Any] = {}
    for i in range(1, depth + 1):
        affine = Affine(params[f"W{i}"], params[f"b{i}"])
        if i > 1 and affine.W.shape[0] != params[f"W{i - 1}"].shape[1]:
            before = params[f"W{i - 1}"]
            raise ValueError(
                f"`W{i}` must have shape ({before.shape[1]}, M), as W{i - 1} is {shape(before)}; "
                f"got {shape(affine.W)}"
            )
        layers[f"Affine{i}"] = affine
        if i < depth:
            layers[f"{layer.__name__}{i}"] = layer()
    return layers


def copied_stack(
    params: Mapping[str, Any],
    activation: str,
    backend: str | Backend | None,
    dtype: FloatDType | None,
) -> dict[str, Any]:
    """Return an Affine stack that holds copies of the arrays; see `Network.from_params`."""
    if not isinstance(params, Mapping):
        raise TypeError(f"`params` must be a mapping of names to arrays; got {params!r:.80}")
    depth = max(1, len(params) // 2)
    names = [f"{key}{number}" for number in range(1, depth + 1) for key in ("W", "b")]
    if set(params) != set(names):
        raise ValueError(f"`params` must hold W1, b1, ..., Wn, bn; got {', '.join(params)}")
    if backend is None and is_array(params["W1"]):
        backend = backends.of(params["W1"])
    backend = backends.select(backend)
    for name, x in params.items():
        if is_array(x):
            check_real(f"`{name}`", x)
        check_unmasked(f"`{name}`", x)
    copies = {name: copied(params[name], backend, dtype) for name in names}
    for name, copy in copies.items():
        check_finite(copy, name)
    return affine_stack(copies, activation)
