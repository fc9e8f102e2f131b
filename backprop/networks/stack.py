"""Affine layers with an activation between them, from named arrays."""

from collections.abc import Mapping
from typing import Any

from backends import Array
from backprop.arrays import shape
from backprop.layers.activation import activation as activation_layer
from backprop.layers.affine import Affine


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
