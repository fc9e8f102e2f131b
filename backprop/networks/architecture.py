"""Description of a network in names and JSON values, never code; networks rebuilt from one."""

from collections.abc import Collection, Mapping
from typing import Any

from backends import Array
from backprop.layers import (
    Affine,
    BatchNormalization,
    Convolution,
    Dropout,
    ExpLayer,
    Flatten,
    IdentityWithLoss,
    Layer,
    LayerNormalization,
    LogLayer,
    Pooling,
    Relu,
    Sigmoid,
    SigmoidWithLoss,
    SoftmaxWithLoss,
    Tanh,
)
from backprop.layers.loss import LossLayer
from backprop.networks.network import Network

KINDS: dict[str, type[Layer]] = {
    kind.__name__: kind
    for kind in (
        Affine,
        BatchNormalization,
        Convolution,
        Dropout,
        ExpLayer,
        Flatten,
        IdentityWithLoss,
        LayerNormalization,
        LogLayer,
        Pooling,
        Relu,
        Sigmoid,
        SigmoidWithLoss,
        SoftmaxWithLoss,
        Tanh,
    )
}
"""The layers that a description may name; each is made as `Kind(**params, **config)`."""

LOSSES = {name for name, kind in KINDS.items() if issubclass(kind, LossLayer)}
"""Those that end a network."""


def describe(net: Network) -> dict[str, Any]:
    """Return how to rebuild a network, beside its arrays, in JSON values.

    Raises
    ------
    TypeError
        When it is no network, a layer is none of the library's own, or it computes in its own way.
    """
    if not isinstance(net, Network):
        raise TypeError(f"`net` must be a Network to be described; got {type(net).__name__}")
    own = [kind for kind in type(net).__mro__ if kind is not Network and issubclass(kind, Network)]
    names = [name for each in (net, *own) for name in vars(each) if not name.startswith("_")]
    changed = [name for name in names if callable(getattr(Network, name, None))]
    if changed:
        raise TypeError(
            f"a network must have the library's own {', '.join(changed)} to be described; got "
            f"{type(net).__name__}: use save_params(path, net.state_dict())"
        )
    params: dict[int, dict[str, str]] = {}
    for name, slot in net.params.slots.items():
        params.setdefault(id(slot.layer), {})[slot.key] = name
    return {
        "layers": [
            {"name": name, **_entry(name, layer, params.get(id(layer), {}))}
            for name, layer in net.layers.items()
        ],
        "last_layer": _entry("last_layer", net.last_layer, {}),
        **({"weight_decay_lambda": _plain(decay)} if (decay := net.weight_decay_lambda) else {}),
    }


def _entry(name: str, layer: Any, params: dict[str, str]) -> dict[str, Any]:
    kind = type(layer)
    if KINDS.get(kind.__name__) is not kind:
        raise TypeError(
            f"layer {name!r} must be one of {', '.join(KINDS)} to be described; got "
            f"{kind.__module__}.{kind.__qualname__}: use save_params(path, net.state_dict())"
        )
    config = {key: _plain(value) for key, value in layer.config().items()}
    return {"kind": kind.__name__, "config": config, "params": params}


def _plain(value: Any) -> Any:
    """Return a number of Python for one of an array library, which JSON doesn't know."""
    return value.item() if hasattr(value, "item") else value


def rebuild(description: Any, arrays: Mapping[str, Array]) -> Network:
    """Return the network that `describe` was given.

    Parameters
    ----------
    description : dict
        What `describe` returned.
    arrays : mapping of str to array
        Its `state_dict()`, on one backend, where the network will be; they are copied.

    Raises
    ------
    ValueError
        When the description or the arrays are of no such network.
    """
    try:
        layers: dict[str, Layer] = {}
        for entry in description["layers"]:
            if entry["name"] in layers:
                raise ValueError(f"each layer must have a name of its own; got {entry['name']!r}")
            layers[entry["name"]] = _layer(entry, arrays, KINDS.keys() - LOSSES)
        net = Network(layers, _layer(description["last_layer"], arrays, LOSSES))
        net.load_state_dict(arrays)
        net.weight_decay_lambda = float(description.get("weight_decay_lambda", 0.0))
    except (AttributeError, KeyError, OverflowError, TypeError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from None
    return net


def _layer(entry: Mapping[str, Any], arrays: Mapping[str, Array], known: Collection[str]) -> Layer:
    if entry["kind"] not in known:
        place = "the last layer" if known is LOSSES else "a layer before the last"
        allowed = ", ".join(kind for kind in KINDS if kind in known)
        raise ValueError(f"{place} must be one of {allowed}; got {entry['kind']!r}")
    params = {key: arrays[name] for key, name in entry["params"].items()}
    return KINDS[entry["kind"]](**params, **entry["config"])
