"""Activation layers: one function of each entry (section 5.5)."""

from typing import Any

from backends import Array, namespace
from backprop import functions
from backprop.arrays import as_array
from backprop.layers.layer import Layer, as_dtype, upstream


class Relu(Layer):
    """max(x, 0); the subgradient at 0 is 0."""

    elementwise = True

    def forward(self, x: Array) -> Array:
        """Return `relu(x)`, in the shape of `x`."""
        x = as_array(x)
        self._cache = x > 0, x.dtype
        return functions.relu(x)

    def backward(self, dout: Any = 1) -> Array:
        """Return dx = dout * (x > 0)."""
        mask, dtype = self._recall()
        dout = upstream(dout, mask.shape, mask, dtype)
        return as_dtype(dout * namespace(mask).astype(mask, dout.dtype), dtype)


class Sigmoid(Layer):
    """1 / (1 + exp(-x))."""

    elementwise = True

    def forward(self, x: Array) -> Array:
        """Return `sigmoid(x)`, in the shape of `x`."""
        y = functions.sigmoid(x)
        self._cache = y
        return y

    def backward(self, dout: Any = 1) -> Array:
        """Return dx = dout * y (1 - y), from the output y."""
        y = self._recall()
        return as_dtype(upstream(dout, y.shape, y) * (y * (1.0 - y)), y.dtype)


class Tanh(Layer):
    """Hyperbolic tangent."""

    elementwise = True

    def forward(self, x: Array) -> Array:
        """Return `tanh(x)`, in the shape of `x`."""
        y = functions.tanh(x)
        self._cache = y
        return y

    def backward(self, dout: Any = 1) -> Array:
        """Return dx = dout * (1 - y²), from the output y."""
        y = self._recall()
        return as_dtype(upstream(dout, y.shape, y) * (1.0 - y * y), y.dtype)


ACTIVATIONS: dict[str, type[Layer]] = {"relu": Relu, "sigmoid": Sigmoid, "tanh": Tanh}


def activation(name: str) -> type[Layer]:
    """Return the activation layer called `name`.

    Raises
    ------
    ValueError
        When there is none of that name.
    """
    if name not in ACTIVATIONS:
        raise ValueError(f"activation must be one of {', '.join(ACTIVATIONS)}; got {name!r}")
    return ACTIVATIONS[name]
