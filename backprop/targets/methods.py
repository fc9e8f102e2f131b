"""Objects whose two passes are methods, under any of the names that they go by."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from backprop.targets.calls import (
    Calls,
    check_required,
    input_names,
    is_cache,
    positional,
    taken,
)
from backprop.targets.objects import is_array
from backprop.targets.state import tried

METHODS = (
    ("forward", "backward"),
    ("forward_pass", "backward_pass"),
    ("fprop", "bprop"),
    ("forward", "backprop"),
    ("forward", "backward_pass"),
    ("forward", "bprop"),
    ("forward_propagation", "backward_propagation"),
    ("forward_propagate", "backward_propagate"),
    ("feedforward", "backpropagate"),
    ("fwd", "bwd"),
    ("__call__", "backward"),
    ("__call__", "backward_pass"),
    ("__call__", "backprop"),
    ("__call__", "bprop"),
)
"""Names that the two passes of an object go by."""

OUTPUTS = ("output", "out", "outputs", "y", "a", "activations")
"""Attributes that an output stands in, where `forward` returns nothing or the object itself."""

_INPUT = ("x", "X", "inputs", "input", "inp", "a_prev", "A_prev")
_LABELS = ("t", "y_true", "target", "targets", "labels", "label", "y", "actual")


def of_network(net: Any, inputs: Sequence[Any], kwargs: Mapping[str, Any]) -> Calls:
    """Return the calls of a network: `loss` and `gradient`, which trains where that can be said."""
    if len(inputs) != 2:
        raise TypeError(f"a network needs the inputs x and t; got {len(inputs)}")
    if not is_array(inputs[0]):
        raise TypeError(f"`x` must be an array; got {type(inputs[0]).__name__}")
    if "training" not in kwargs and taken(net.gradient, {"training": True}):
        kwargs = {**kwargs, "training": True}  # the gradient is that of training
    loss_kwargs, gradient_kwargs = taken(net.loss, kwargs), taken(net.gradient, kwargs)
    return Calls(
        name=type(net).__name__,
        roots=(net,),
        forward=lambda xs: (net.loss(*xs, **loss_kwargs), None),
        backward=lambda xs, dout, kept: net.gradient(*xs, **gradient_kwargs),
        names=input_names(net.loss, inputs, kwargs),
        differentiates_inputs=False,
        goes_forward=True,
    )


def of_methods(
    target: Any,
    first: str,
    second: str,
    inputs: Sequence[Any],
    kwargs: Mapping[str, Any],
    output: str | None,
) -> Calls:
    """Return the calls of an object with methods of the names `first` and `second`."""
    forward, backward = getattr(target, first), getattr(target, second)
    forward_kwargs, backward_kwargs = taken(forward, kwargs), taken(backward, kwargs)
    names = input_names(forward, inputs, kwargs)
    check_required(forward, first, len(inputs), forward_kwargs)
    parameters = positional(backward, backward_kwargs)
    required = [p.name for p in parameters if p.default is p.empty]
    again = len(names) > 1 and required == list(names)  # the same arguments, and no `dout`

    def run(xs: Sequence[Any]) -> tuple[Any, Any]:
        y = forward(*xs, **forward_kwargs)
        if output is not None:
            return getattr(target, output), None
        if y is None or y is target:
            held = next((name for name in OUTPUTS if hasattr(target, name)), None)
            if held is None:
                raise TypeError(
                    f"{first} must return one floating array or more; got {type(y).__name__}; "
                    "name the attribute that holds it: output='...'"
                )
            return getattr(target, held), None
        if isinstance(y, tuple) and len(y) == 2 and is_cache(parameters, y[1], otherwise=False):
            return y
        return y, None

    hung = None if parameters else _hung(target, run, lambda: backward(**backward_kwargs), inputs)

    def hanging(xs: Sequence[Any]) -> tuple[Any, Any]:
        y, _ = run(xs)
        return y, y

    def back(xs: Sequence[Any], dout: Any, kept: Any) -> Any:
        if hung is not None:
            setattr(kept, hung, dout)
        own = xs if again else _arguments(parameters, names, xs, dout, kept)
        return backward(*own, **backward_kwargs)

    takes_dout = hung is not None or (bool(parameters) and not again)
    go = run if hung is None else hanging
    return Calls(type(target).__name__, (target,), go, back, names, takes_dout=takes_dout)


def _hung(
    target: Any,
    run: Callable[[Sequence[Any]], tuple[Any, Any]],
    backward: Callable[[], Any],
    inputs: Sequence[Any],
) -> str | None:
    """Return the attribute of the output, `out.g`, that a backward pass takes its `dout` from."""

    def both() -> str | None:
        y: Any = None
        try:
            y, _ = run(inputs)
            backward()
        except AttributeError as error:
            return error.name if is_array(y) and error.obj is y else None
        except Exception:  # it will come again where it matters
            return None
        return None

    return tried((target, list(inputs)), both)


def _arguments(
    parameters: list[inspect.Parameter],
    names: tuple[str, ...],
    xs: Sequence[Any],
    dout: Any,
    kept: Any,
) -> list[Any]:
    """Return what a backward pass is called with: `dout`, and whatever else it has to have."""
    if not parameters:
        return []
    required = [p for p in parameters[1:] if p.default is p.empty]
    if isinstance(dout, tuple | list) and len(required) == len(dout) - 1:
        return list(dout)
    given = dict(zip(names, xs, strict=False))
    extra: list[Any] = []
    for p in required:
        if kept is not None and not extra:
            extra.append(kept)
        elif p.name in given:
            extra.append(given[p.name])
        elif p.name in _INPUT and xs:
            extra.append(xs[0])
        elif p.name in _LABELS and len(xs) > 1:
            extra.append(xs[1])
        else:
            raise TypeError(
                f"the backward pass needs `{p.name}`; give it by kwargs={{{p.name!r}: ...}}"
            )
    return [dout, *extra]
