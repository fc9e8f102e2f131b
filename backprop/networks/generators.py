"""The generators of random numbers that layers hold: where they are decides what is drawn next."""

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from backprop.networks.parameters import attributes, within


def taken(layers: Mapping[str, Any]) -> dict[str, Any]:
    """Return where each generator is, by layer and attribute: `Dropout1.rng`."""
    return {name: copy.deepcopy(bits.state) for name, bits in found(layers)}


def put_back(layers: Mapping[str, Any], states: Mapping[str, Any]) -> None:
    """Set each generator to where `taken` found it.

    Raises
    ------
    ValueError
        When these are other generators.
    """
    held = dict(found(layers))
    if set(held) != set(states):
        raise ValueError(
            f"the generators must be those of the training, {', '.join(held) or 'none'}; "
            f"got {', '.join(states) or 'none'}"
        )
    before = {name: bits.state for name, bits in held.items()}
    try:
        for name, bits in held.items():
            bits.state = states[name]
    except (LookupError, OverflowError, TypeError, ValueError) as error:
        for name, bits in held.items():
            bits.state = before[name]
        raise ValueError(f"a generator must have a state of its kind; {error}") from None


def found(layers: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the bit generators by layer and attribute; one that layers share comes once."""
    seen: set[int] = set()
    for name, layer in layers.items():
        for where, inner in within(layer, name):
            for attribute, value in attributes(inner).items():
                bits = getattr(value, "bit_generator", None)
                if bits is not None and hasattr(bits, "state") and id(bits) not in seen:
                    seen.add(id(bits))
                    yield f"{where}.{attribute}", bits
