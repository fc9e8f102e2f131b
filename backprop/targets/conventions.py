"""Which convention a target follows: hand-written backward passes come in many."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from backprop.targets.calls import Calls
from backprop.targets.functions import (
    CONVENTIONS,
    of_autograd_function,
    of_custom_vjp,
    of_function,
)
from backprop.targets.methods import FUNCTIONS, METHODS, of_methods, of_network
from backprop.targets.objects import attribute, has
from backprop.targets.pairs import of_pair


def calls_of(
    target: Any, inputs: Sequence[Any], kwargs: Mapping[str, Any], output: str | None
) -> Calls:
    """Return how a target of any kind is called.

    Raises
    ------
    TypeError
        When the target follows none of the conventions.
    ValueError
        When `output` is given and the target has no use for it.
    """
    if output is not None and not (isinstance(output, str) and _is_of_methods(target)):
        raise ValueError(
            "`output` must be an attribute of an object with two methods, forward and backward or "
            f"the like; got {output!r} for {type(target).__name__}"
        )
    if isinstance(target, tuple) and len(target) == 2 and all(map(callable, target)):
        return of_pair(*target, inputs, kwargs)
    if isinstance(target, type):
        if hasattr(target, "apply") and "autograd" in str(target.__mro__):
            return of_autograd_function(target, inputs)
        raise TypeError(f"a target must be an object, not a class: {target.__name__}(...)")
    if any(map(_is_custom_vjp, (target, attribute(target, "__wrapped__")))):  # it may be compiled
        return of_custom_vjp(target, inputs)
    if _is_network(target):
        return of_network(target, inputs, kwargs)
    for names in METHODS:
        if all(map(callable, _methods(target, names))):
            return of_methods(target, *names, inputs, kwargs, output)
    for names in FUNCTIONS:
        if all(map(callable, _methods(target, names))):
            first, second = _methods(target, names)
            return replace(of_pair(first, second, inputs, kwargs), name=type(target).__name__)
    if has(target, "params") and callable(attribute(target, "loss")):
        target = target.loss
    if callable(target):
        return of_function(target, inputs, kwargs)
    raise TypeError(f"{CONVENTIONS}; got {type(target).__name__}")


def _is_custom_vjp(target: Any) -> bool:
    return type(target).__name__ == "custom_vjp" and hasattr(target, "defvjp")


def _is_network(target: Any) -> bool:
    return has(target, "params") and all(map(callable, _methods(target, ("loss", "gradient"))))


def _is_of_methods(target: Any) -> bool:
    if isinstance(target, type) or _is_network(target):
        return False
    return any(all(map(callable, _methods(target, names))) for names in METHODS)


def _methods(target: Any, names: Sequence[str]) -> list[Any]:
    return [attribute(target, name) for name in names]
