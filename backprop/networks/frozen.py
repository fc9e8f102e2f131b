"""Layers that would learn nothing in a network, though they are written to: refused."""

import dis
from collections.abc import Iterator, Mapping
from typing import Any

from backprop.arrays import is_floating
from backprop.networks.parameters import attributes


def check_learning(layers: Mapping[str, Any], last_layer: Any) -> None:
    """Raise a TypeError when a layer holds what it learns elsewhere than in its `params`.

    Such a layer runs, and its `backward` sets the gradients; but nothing would ever change it.
    Nor would anything change what a loss layer learns.
    """
    if getattr(last_layer, "params", None):
        raise TypeError(
            f"the loss layer must learn nothing, as a network would not change it; got "
            f"{type(last_layer).__name__} with `params`: put what learns into a layer before it"
        )
    for name, layer in layers.items():
        own = attributes(layer)
        held = {id(x) for x in _values(getattr(layer, "params", None))}
        held |= {id(x) for x in _values(getattr(layer, "state", None))}
        _check_arrays(name, layer, own, held)
        _check_inner(name, own, held)


def _check_arrays(name: str, layer: Any, own: Mapping[str, Any], held: set[int]) -> None:
    """Refuse arrays beside `params` that `backward` sets a gradient for: `W` and `dW`."""
    kept, set_back = (_assigned(type(layer), method) for method in ("forward", "backward"))
    arrays = [
        key
        for key, value in own.items()
        if is_floating(value) and id(value) not in held and key not in kept
    ]
    keys = [key for key in arrays if f"d{key}" in own or f"d{key}" in set_back]
    if not keys and not getattr(layer, "params", None) and _keeps_gradients(layer, set_back):
        keys = [key for key in arrays if key not in set_back]
    if keys:
        params = ", ".join(f"{key!r}: {key}" for key in keys)
        grads = ", ".join(f"{key!r}: d{key}" for key in keys)
        raise TypeError(
            f"layer {name!r} must hold what it learns in its dictionary `params`; got "
            f"{' and '.join(keys)} as attributes, which a network would not change: set "
            f"`self.params = {{{params}}}` and in backward `self.grads = {{{grads}}}`, and let "
            f"forward and backward read `self.params[{keys[0]!r}]`"
        )


def _keeps_gradients(layer: Any, set_back: set[str]) -> bool:
    """Tell whether `backward` keeps anything: under a name of its own, or in `grads`."""
    code = getattr(getattr(type(layer), "backward", None), "__code__", None)
    kept = set_back - {"dx", "dX", "dout"}  # what the layer before gets is no gradient of ours
    return bool(kept) or (code is not None and "grads" in code.co_names)


def _check_inner(name: str, own: Mapping[str, Any], held: set[int]) -> None:
    """Refuse layers within the layer whose parameters are not the layer's own too."""
    for attribute, value in own.items():
        for inner in (value, *_values(value)):
            params = getattr(inner, "params", None)
            learns = isinstance(params, Mapping) and hasattr(inner, "forward")
            if learns and any(id(x) not in held for x in _values(params)):
                raise TypeError(
                    f"layer {name!r} must hold in its own `params` and `grads` what the layers "
                    f"within it learn; got {type(inner).__name__} in `{attribute}`, which a "
                    "network would not change: share the dictionaries, `self.params = inner.params`"
                    ", or put that layer into the network itself"
                )


def _values(held: Any) -> Iterator[Any]:
    """Yield what a dictionary or list holds; nothing from anything else."""
    if isinstance(held, Mapping):
        yield from held.values()
    elif isinstance(held, list | tuple):
        yield from held


def _assigned(kind: type, method: str) -> set[str]:
    """Return the attributes that a method assigns, itself or by methods of its class it calls.

    As far as their code shows it, that of the classes it inherits from included.
    """
    found: set[str] = set()
    seen: set[str] = set()
    waiting = [method]
    while waiting:
        name = waiting.pop()
        seen.add(name)
        for base in kind.__mro__:
            code = getattr(vars(base).get(name), "__code__", None)
            if code is not None:
                waiting += set(code.co_names) - seen
                steps = dis.get_instructions(code)
                found |= {step.argval for step in steps if step.opname == "STORE_ATTR"}
    return found
