"""What the checker does with the inputs that it is given."""

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import backends
from backends import Array, namespace
from backprop.gradients.probe import flat64

NOTHING = "there must be a floating input or a parameter to differentiate by; got none"


def copies_of(inputs: Sequence[Any]) -> list[Any]:
    """Return copies of the arrays, which a layer may spoil, and numbers as arrays on the host."""
    host = backends.host()
    copies = [host.asarray(x) if isinstance(x, float) else x for x in inputs]
    return [
        namespace(x).astype(x, x.dtype, copy=True) if hasattr(x, "dtype") else x for x in copies
    ]


def watched(inputs: list[Any]) -> dict[str, tuple[Array, Any]]:
    """Return the arrays among the inputs by name, with their values."""
    return {f"input {i}": (x, flat64(x)) for i, x in enumerate(inputs) if hasattr(x, "dtype")}


def input_names(forward: Callable[..., Any], count: int) -> list[str]:
    """Return the names of the arguments, from the signature where it gives them."""
    try:
        parameters = list(inspect.signature(forward).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    positional = [
        p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]
    return [positional[i] if i < len(positional) else f"input {i}" for i in range(count)]
