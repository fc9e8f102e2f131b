"""A network's parameters by name: a live view of what its layers hold."""

from collections.abc import Iterator, Mapping
from typing import Any

import backends
from backends import Array
from backprop.arrays import shape


class Parameters(Mapping[str, Array]):
    """Live mapping from `W1`, `b1`, ... to the arrays in the layers.

    Assigning puts an array into its layer, so `net.params[key] -= lr * grad[key]` works on every
    library, whether its arrays are mutable or not.

    Parameters
    ----------
    layers : dict of str to layer
        The layers that have parameters are numbered from 1: the second one's `W` is `W2`.

    Raises
    ------
    ValueError
        When two parameters get one name.
    """

    def __init__(self, layers: Mapping[str, Any]) -> None:
        self._places: dict[str, tuple[Any, str]] = {}
        learning = [layer for layer in layers.values() if getattr(layer, "params", None)]
        for number, layer in enumerate(learning, start=1):
            for key in layer.params:
                name = f"{key}{number}"
                if name in self._places:
                    raise ValueError(f"parameters must have names of their own; got {name} twice")
                self._places[name] = layer, key

    def grads(self) -> dict[str, Array]:
        """Return the gradients that the layers hold, under the same names."""
        return {name: layer.grads[key] for name, (layer, key) in self._places.items()}

    def __getitem__(self, name: str) -> Array:
        try:
            layer, key = self._places[name]
        except KeyError:
            raise self._unknown(name) from None
        return layer.params[key]

    def __setitem__(self, name: str, value: Array) -> None:
        try:
            layer, key = self._places[name]
        except KeyError:
            raise self._unknown(name) from None
        old = layer.params[key]
        if value is not old:
            _check(name, value, old)
            layer.params[key] = value

    def _unknown(self, name: str) -> KeyError:
        return KeyError(f"parameter must be one of {', '.join(self._places)}; got {name!r}")

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __repr__(self) -> str:
        shapes = ", ".join(f"{name}: {shape(x)} {x.dtype}" for name, x in self.items())
        return f"Parameters({shapes})"


def _check(name: str, value: Array, old: Array) -> None:
    backends.of(old).require(value, name)
    if value.shape != old.shape:
        raise ValueError(f"`{name}` must have shape {shape(old)}; got {shape(value)}")
    if value.dtype != old.dtype:
        raise TypeError(f"`{name}` must have dtype {old.dtype}; got {value.dtype}")
