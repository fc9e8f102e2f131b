"""Layers that turn out to learn nothing as gradients are taken: their first ones are watched."""

from collections import ChainMap
from collections.abc import Iterator, Mapping
from contextlib import suppress
from types import ModuleType
from typing import Any

from backends import Array
from backprop.layers import Layer
from backprop.networks.frozen import arrays_of, could_learn, cure
from backprop.networks.parameters import attributes, is_own, within

Place = tuple[str, ...]
"""Where an object holds an array: an attribute, or an attribute and a key or number there."""

_NAMES = ("d{}", "d_{}", "g{}", "g_{}", "grad{}", "grad_{}", "{}_grad")
"""What people call the gradient of an array."""


class Watch:
    """Looks at one gradient, from before its forward pass, for arrays that learn nothing.

    What `check_learning` can't tell from the code of a layer shows here: an array that is no
    parameter stays as it was, and the pass leaves a gradient of its shape under its name.

    Parameters
    ----------
    layers : mapping of str to layer
        Those of a network; the library's own are not looked at.
    """

    def __init__(self, layers: Mapping[str, Any]) -> None:
        self._all = list(layers.values())
        self._layers = {name: layer for name, layer in layers.items() if not is_own(layer)}
        self._before = {place: _arrays(holder) for place, _, holder in self._objects()}
        self._passed: dict[int, set[tuple[int, ...]]] = {}

    def _objects(self) -> Iterator[tuple[str, Any, Any]]:
        """Yield the layers' objects: where each is, the layer, and this or one within it."""
        for name, layer in self._layers.items():
            for where, holder in within(layer):
                yield f"{name}{where}", layer, holder

    def back(self, first: Any, dout: Array) -> None:
        """Go back as a network does, and on, as far as somebody's own layers stand before.

        Parameters
        ----------
        first : layer or None
            The first one that learns; to those before it nobody needs to go back.
        dout : array
            What the loss layer gave.

        Raises
        ------
        TypeError
            When a layer holds what it learns elsewhere than in its `params`.
        """
        start = next((i for i, x in enumerate(self._all) if x is first), len(self._all))
        last = next(i for i, x in enumerate(self._all) if not is_own(x))
        for layer in self._all[:start:-1]:
            dout = self._backward(layer, dout)
        if start < last:
            first.backward_params(dout)
        elif first is not None:
            dout = self._backward(first, dout)
        with suppress(Exception):  # a layer to which nobody goes back may have no way
            for layer in reversed(self._all[last:start]):
                dout = self._backward(layer, dout)
        self._check()

    def _backward(self, layer: Any, dout: Array) -> Array:
        dx = layer.backward(dout)
        self._passed[id(layer)] = {tuple(getattr(x, "shape", ())) for x in (dout, dx)}
        if isinstance(layer, Layer):
            layer.cache = None
        return dx

    def _check(self) -> None:
        learnt = {x for layer in self._all for x in arrays_of(layer)}
        for where, layer, holder in self._objects():
            passed = self._passed.get(id(layer))
            if passed is None:
                continue
            before, arrays = self._before.get(where, {}), _arrays(holder)
            own = {
                place[1] for place, x in arrays.items() if place[0] == "params" and id(x) in learnt
            }
            kept = [
                place
                for place, x in arrays.items()
                if before.get(place) is x and id(x) not in learnt and place[-1] not in own
            ]
            for place in kept:
                for other in _gradients(place, arrays):
                    if tuple(arrays[other].shape) not in passed:
                        raise TypeError(
                            f"layer {where!r} must hold what it learns in its dictionary `params`; "
                            f"got {_said(place)}, of which backward leaves a gradient in "
                            f"{_said(other)}, and which a network would not change: "
                            f"{cure([_name(place)])}"
                        )


def _arrays(holder: Any) -> dict[Place, Array]:
    """Return the floating arrays that an object holds as attributes, and one level below.

    That is in dictionaries, sequences and plain objects. What its class holds counts too.
    """
    shared = ChainMap(*(dict(vars(kind)) for kind in type(holder).__mro__))
    own = {**shared, **attributes(holder)}
    own.pop("cache", None)
    found: dict[Place, Array] = {(name,): x for name, x in own.items()}
    for name, held in own.items():
        items = _items(held)
        found |= {(name, key): x for key, x in items.items() if isinstance(key, str)}
    return {place: x for place, x in found.items() if could_learn(x)}


def _items(held: Any) -> Mapping[Any, Any]:
    """Return what a dictionary, a sequence, or an object that is no layer holds by name."""
    if isinstance(held, Mapping):
        return held
    if isinstance(held, list | tuple):
        return {str(i): x for i, x in enumerate(held)}
    plain = not isinstance(held, type | ModuleType) and not could_learn(held)
    return attributes(held) if plain and not hasattr(held, "forward") else {}


def _gradients(place: Place, arrays: Mapping[Place, Array]) -> list[Place]:
    """Return the places of what is called the gradient of the array at a place, in its shape."""
    *outer, key = place
    called = {form.format(key) for form in _NAMES}
    dictionaries = {form.format(*outer) for form in _NAMES} if outer else set()

    def fits(other: Place) -> bool:
        if len(other) == 1:
            return not outer and other[0] in called
        of_gradients = "grad" in other[0].lower() or other[0] in dictionaries
        beside = other[0] == place[0] and other[1] in called
        return beside or (of_gradients and other[1] in {key, *called})

    own = arrays[place]
    return [o for o, x in arrays.items() if x is not own and x.shape == own.shape and fits(o)]


def _said(place: Place) -> str:
    return place[0] + "".join(f"[{key if key.isdigit() else repr(key)}]" for key in place[1:])


def _name(place: Place) -> str:
    """Return a name for an array in `params`; an item of a sequence has the name of that too."""
    return "".join(place) if place[-1].isdigit() else place[-1]
