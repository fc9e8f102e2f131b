"""The two passes of a target in one form, and the arguments that its methods take."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from backprop.targets.nested import is_real


@dataclass(frozen=True)
class Calls:
    """A target's two passes.

    Attributes
    ----------
    name : str
        What the report calls it.
    roots : tuple of object
        The objects whose arrays and state take part.
    forward : callable
        Takes the inputs; returns the outputs, and what `backward` needs of this pass.
    backward : callable
        Takes the inputs, the derivatives by the outputs (in their structure) and what `forward`
        kept; returns what the target's own backward pass returns.
    names : tuple of str
        Those of the inputs.
    takes_dout : bool
        Whether the backward pass takes derivatives by the outputs, or is by the outputs' sum.
    elementwise : bool
        Whether the backward pass gives the derivative of each entry by its own, to be weighted.
    differentiates_inputs : bool
        Whether a gradient is due for each floating input; not for networks.
    goes_forward : bool
        Whether the backward pass runs forward itself, as a network's `gradient` does: it draws
        what the forward pass drew.
    keywords : frozenset of str
        The keyword arguments that a pass was given.
    """

    name: str
    roots: tuple[Any, ...]
    forward: Callable[[Sequence[Any]], tuple[Any, Any]]
    backward: Callable[[Sequence[Any], Any, Any], Any]
    names: tuple[str, ...]
    takes_dout: bool = False
    elementwise: bool = False
    differentiates_inputs: bool = True
    goes_forward: bool = False
    keywords: frozenset[str] = frozenset()


def signature(function: Callable[..., Any]) -> list[inspect.Parameter]:
    """Return the parameters of a function; any number of them where it does not tell."""
    try:
        return list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # some callables have no signature
        return [inspect.Parameter("args", inspect.Parameter.VAR_POSITIONAL)]


def positional(function: Callable[..., Any], given: Mapping[str, Any]) -> list[inspect.Parameter]:
    """Return the parameters that can be given by position, and are not given by name."""
    found = [
        p
        for p in signature(function)
        if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD, p.VAR_POSITIONAL)
    ]
    return [p for p in found if p.name not in given]


_CACHES = ("ctx", "context", "res", "residuals", "saved", "kept", "tape")
DERIVATIVES = ("d", "grad", "delta")
"""How the names of derivatives by outputs begin."""


def is_cache(parameters: Sequence[inspect.Parameter], value: Any, otherwise: bool) -> bool:
    """Tell whether a backward pass takes what forward returned last as it is: a cache, no output.

    Parameters
    ----------
    parameters : sequence of inspect.Parameter
        What the backward pass takes.
    value : object
        What forward returned last.
    otherwise : bool
        What a floating array is, where no name tells.
    """
    if any("cache" in p.name or p.name in _CACHES for p in parameters):
        return True
    names = [p.name.lower() for p in parameters if p.default is p.empty]
    if len(names) < 2 or names[-1].startswith(DERIVATIVES):
        return len(names) == 1 and parameters[0].kind is inspect.Parameter.VAR_POSITIONAL
    return otherwise or not is_real(value)


def taken(function: Callable[..., Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keyword arguments that a method takes."""
    own = signature(function)
    if any(p.kind is p.VAR_KEYWORD for p in own):
        return dict(kwargs)
    names = {p.name for p in own}
    return {name: value for name, value in kwargs.items() if name in names}


def check_required(
    function: Callable[..., Any], name: str, count: int, given: Mapping[str, Any]
) -> None:
    """Raise a TypeError that names an argument which a method needs and does not get."""
    parameters = positional(function, given)
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return
    only = [p for p in signature(function) if p.kind is p.KEYWORD_ONLY and p.name not in given]
    missing = [p.name for p in [*parameters[count:], *only] if p.default is p.empty]
    if missing:
        raise TypeError(
            f"{name} needs `{missing[0]}` too; give it as an input, or by "
            f"kwargs={{{missing[0]!r}: ...}}"
        )


def input_names(
    function: Callable[..., Any], inputs: Sequence[Any], kwargs: Mapping[str, Any]
) -> tuple[str, ...]:
    """Return the names of the inputs, from the signature where it gives them."""
    named = [p.name for p in positional(function, kwargs) if p.kind is not p.VAR_POSITIONAL]
    return tuple(named[i] if i < len(named) else f"input {i}" for i in range(len(inputs)))
