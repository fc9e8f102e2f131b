"""Objects whose two passes are methods, under any of the names that they go by."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from backprop.numerical.pieces import same
from backprop.targets.arguments import NONE, OUTPUTS, arguments, is_label
from backprop.targets.calls import (
    Calls,
    check_required,
    input_names,
    is_cache,
    positional,
    taken,
)
from backprop.targets.objects import has, is_known_array
from backprop.targets.places import of_input_attribute
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
    ("forward_prop", "backward_prop"),
    ("forward_prop", "back_prop"),
    ("feedforward", "backpropagate"),
    ("fwd", "bwd"),
    ("__call__", "backward"),
    ("__call__", "backward_pass"),
    ("__call__", "backprop"),
    ("__call__", "bprop"),
)
"""Names that the two passes of an object go by."""

FUNCTIONS = (
    ("__call__", "gradient"),
    ("__call__", "grad"),
    ("__call__", "derivative"),
    ("forward", "gradient"),
    ("forward", "grad"),
    ("forward", "derivative"),
    ("loss", "gradient"),
    ("loss", "grad"),
    ("function", "derivative"),
    ("fn", "grad"),
    ("f", "df"),
)
"""Names that a function and its gradient go by, as methods of an object."""


def of_network(net: Any, inputs: Sequence[Any], kwargs: Mapping[str, Any]) -> Calls:
    """Return the calls of a network: `loss` and `gradient`, which trains where that can be said."""
    if len(inputs) != 2:
        raise TypeError(f"a network needs the inputs x and t; got {len(inputs)}")
    if not is_known_array(inputs[0]):
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
        keywords=frozenset(loss_kwargs | gradient_kwargs),
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
    again = bool(names) and required == list(names)  # the same arguments, and no `dout`

    def run(xs: Sequence[Any]) -> tuple[Any, Any]:
        y = forward(*xs, **forward_kwargs)
        cache = NONE
        if output is not None:
            if not has(target, output):
                raise ValueError(f"`output` must be where forward puts it; got {output!r}")
            y = getattr(target, output)
        elif y is None or y is target:
            held = next((name for name in OUTPUTS if has(target, name)), None)
            if held is None:
                raise TypeError(
                    f"{first} must return one floating array or more; got {type(y).__name__}; "
                    "name the attribute that holds it: output='...'"
                )
            y = getattr(target, held)
        elif isinstance(y, tuple) and len(y) == 2 and is_cache(parameters, y[1], otherwise=False):
            y, cache = y
        return y, (y, cache)

    def back(xs: Sequence[Any], dout: Any, kept: Any) -> Any:
        y, cache = kept
        if hung is not None:
            setattr(y, hung, dout)
        own = xs if again else arguments(parameters, names, xs, y, dout, cache)
        return backward(*own, **backward_kwargs)

    def linear() -> bool:
        """Tell whether backward takes `dout`: it is linear, as a slope such as 2x may be as well.

        That one knows nothing of the forward pass, which is not linear then.
        """
        try:
            y, _ = run(inputs)
            one = tried((target,), lambda: backward(y * 0.0 + 1.0, **backward_kwargs))
            if not same(2.0 * one, backward(y * 0.0 + 2.0, **backward_kwargs)):
                return False
            twice, _ = run([2.0 * x for x in inputs])
            return same(2.0 * y, twice) or not same(one, backward(y * 0.0 + 1.0, **backward_kwargs))
        except Exception:  # it will come again where it matters
            return True

    def takes() -> bool:
        """Tell whether backward takes `dout`: it runs, and twice that gives twice the gradient."""
        try:
            y, cache = run(inputs)[1]
            found = []
            for dout in (y * 0.0 + 1.0, y * 0.0 + 2.0):
                own = arguments(parameters, names, inputs, y, dout, cache)
                returned = backward(*own, **backward_kwargs)
                where = of_input_attribute((target,), names[0])
                found.append(where.read(None) * 1.0 if returned is None and where else returned)
            return same(2.0 * found[0], found[1])
        except Exception:  # it wants something else
            return False

    hung = None if parameters else _hung(target, run, lambda: backward(**backward_kwargs), inputs)
    if not again and _may_be_of_scores(required, names):
        again = not tried((target, list(inputs)), takes)
    elif again and len(names) == 1:  # a derivative at x, or a `dout` that is called `x` as well
        again = not tried((target, list(inputs)), linear)
    takes_dout = hung is not None or (bool(parameters) and not again)
    return Calls(
        type(target).__name__,
        (target,),
        run,
        back,
        names,
        takes_dout=takes_dout,
        elementwise=again and len(names) == 1,
        keywords=frozenset(forward_kwargs | backward_kwargs),
    )


def _may_be_of_scores(required: Sequence[str], names: Sequence[str]) -> bool:
    """Tell whether a loss's backward pass may take scores and labels, and no `dout`."""
    return len(names) == 2 == len(required) and required[1] == names[1] and is_label(names[1])


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
            return error.name if is_known_array(y) and error.obj is y else None
        except Exception:  # it will come again where it matters
            return None
        return None

    return tried((target, list(inputs)), both)
