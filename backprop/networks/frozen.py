"""Layers that would learn nothing in a network, though they are written to: refused."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from backprop.arrays import is_floating
from backprop.networks.parameters import attributes, is_own, within
from backprop.networks.usage import assigned


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
    learnt = {x for layer in layers.values() for x in arrays_of(layer)}
    for name, layer in layers.items():
        if not is_own(layer):
            _check_arrays(name, layer, attributes(layer), arrays_of(layer))
        _check_inner(name, layer, learnt)


def arrays_of(layer: Any) -> set[int]:
    """Return which arrays stand in a layer's `params` and `state`."""
    return {id(x) for kind in ("params", "state") for x in _values(getattr(layer, kind, None))}


def _check_arrays(name: str, layer: Any, own: Mapping[str, Any], held: set[int]) -> None:
    """Refuse numbers beside `params` that `backward` sets a gradient for: `W` and `dW`."""
    kept, set_back = (assigned(type(layer), method) for method in ("forward", "backward"))
    arrays = [
        key
        for key, value in own.items()
        if could_learn(value) and id(value) not in held and key not in kept
    ]
    floats = [key for key, value in own.items() if type(value) is float and key not in kept]
    keys = [key for key in (*arrays, *floats) if f"d{key}" in own or f"d{key}" in set_back]
    if not keys and not getattr(layer, "params", None) and _keeps_gradients(layer, set_back):
        keys = [key for key in arrays if key not in set_back]
    if keys:
        raise TypeError(
            f"layer {name!r} must hold what it learns in its dictionary `params`; got "
            f"{' and '.join(keys)} as attributes, which a network would not change: {cure(keys)}"
        )


def cure(keys: Sequence[str]) -> str:
    """Return what to write, so that a network changes the arrays of such names."""
    params = ", ".join(f"{key!r}: {key}" for key in keys)
    grads = ", ".join(f"{key!r}: d{key}" for key in keys)
    return (
        f"set `self.params = {{{params}}}` and in backward `self.grads = {{{grads}}}`, and let "
        f"forward and backward read `self.params[{keys[0]!r}]`"
    )


def could_learn(x: Any) -> bool:
    """Tell whether something could be a parameter: a floating array, and nothing that looks so."""
    try:
        return not isinstance(x, type) and is_floating(x)
    except TypeError:  # a module has `dtype` and `shape` too
        return False


def _keeps_gradients(layer: Any, set_back: set[str]) -> bool:
    """Tell whether `backward` keeps anything: under a name of its own, or in `grads`."""
    code = getattr(getattr(type(layer), "backward", None), "__code__", None)
    kept = set_back - {"dx", "dX", "dout"}  # what the layer before gets is no gradient of ours
    return bool(kept) or (code is not None and "grads" in code.co_names)


def _check_inner(name: str, layer: Any, learnt: set[int]) -> None:
    """Refuse layers within the layer whose parameters are no parameters of the network."""
    for where, inner in within(layer):
        params = getattr(inner, "params", None)
        if isinstance(params, Mapping) and any(id(x) not in learnt for x in params.values()):
            raise TypeError(
                f"layer {name!r} must hold in its own `params` and `grads` what the layers "
                f"within it learn; got {type(inner).__name__} in `{where[1:]}`, which a "
                "network would not change: share the dictionaries, `self.params = inner.params`, "
                "or put that layer into the network itself"
            )


def _values(held: Any) -> Iterator[Any]:
    """Yield what a dictionary or list holds; nothing from anything else."""
    if isinstance(held, Mapping):
        yield from held.values()
    elif isinstance(held, list | tuple):
        yield from held
