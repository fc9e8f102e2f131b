"""Activation layers: one function of each entry (section 5.5)."""

from typing import Any, Literal, TypeAlias

from backends import Array, namespace
from backprop import functions
from backprop.arrays import as_array
from backprop.layers.elementwise import Elementwise
from backprop.layers.layer import Layer


class Relu(Elementwise):
    """max(x, 0); the subgradient at 0 is 0."""

    def value(self, x: Array) -> tuple[Array, Any]:
        """Return `relu(x)`."""
        x = as_array(x)
        return functions.relu(x), (x > 0, x.dtype)

    def slope(self, kept: Any) -> Array:
        """Return 1 where x > 0, and 0 elsewhere."""
        mask, dtype = kept
        return namespace(mask).astype(mask, dtype)


class Sigmoid(Elementwise):
    """1 / (1 + exp(-x))."""

    def value(self, x: Array) -> tuple[Array, Array]:
        """Return y = `sigmoid(x)`."""
        y = functions.sigmoid(x)
        return y, y

    def slope(self, y: Array) -> Array:
        """Return y (1 - y)."""
        return y * (1.0 - y)


class Tanh(Elementwise):
    """Hyperbolic tangent."""

    def value(self, x: Array) -> tuple[Array, Array]:
        """Return y = `tanh(x)`."""
        y = functions.tanh(x)
        return y, y

    def slope(self, y: Array) -> Array:
        """Return 1 - y²."""
        return 1.0 - y * y


ActivationName: TypeAlias = Literal["relu", "sigmoid", "tanh"]
ACTIVATIONS: dict[str, type[Layer]] = {"relu": Relu, "sigmoid": Sigmoid, "tanh": Tanh}


def activation(name: str) -> type[Layer]:
    """Return the activation layer called `name`.

    Raises
    ------
    ValueError
        When there is none of that name.
    """
    if not isinstance(name, str) or name not in ACTIVATIONS:
        raise ValueError(f"`activation` must be one of {', '.join(ACTIVATIONS)}; got {name!r}")
    return ACTIVATIONS[name]
