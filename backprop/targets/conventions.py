"""How a target is called: its forward pass, its backward pass, and what goes between them.

Hand-written backward passes follow many conventions; each is brought to one form here, `Calls`.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from backprop.targets.objects import is_array

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
_OUTPUT = ("y", "out", "output", "a", "A", "z")
_LABELS = ("t", "y_true", "target", "targets", "labels", "label", "y", "actual")
_CONVENTIONS = (
    "a target must have forward and backward (or forward_pass and backward_pass, fprop and bprop, "
    "...), or loss, gradient and params, or be a pair (f, grad_f), a pair (forward, backward) "
    "with a cache, or a function that returns (value, gradient)"
)


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
    """

    name: str
    roots: tuple[Any, ...]
    forward: Callable[[Sequence[Any]], tuple[Any, Any]]
    backward: Callable[[Sequence[Any], Any, Any], Any]
    names: tuple[str, ...]
    takes_dout: bool = False
    elementwise: bool = False
    differentiates_inputs: bool = True


def calls_of(
    target: Any, inputs: Sequence[Any], kwargs: Mapping[str, Any], output: str | None
) -> Calls:
    """Return how a target of any kind is called.

    Raises
    ------
    TypeError
        When the target follows none of the conventions.
    """
    if isinstance(target, tuple) and len(target) == 2 and all(map(callable, target)):
        return _pair(*target, inputs, kwargs)
    if isinstance(target, type):
        if hasattr(target, "apply") and "autograd" in str(target.__mro__):
            return _autograd_function(target, inputs)
        raise TypeError(f"a target must be an object, not a class: {target.__name__}(...)")
    if type(target).__name__ == "custom_vjp" and hasattr(target, "defvjp"):
        return _custom_vjp(target, inputs)
    if all(hasattr(target, name) for name in ("loss", "gradient", "params")):
        return _network(target, inputs, kwargs)
    for names in METHODS:
        if all(callable(getattr(target, name, None)) for name in names):
            return _methods(target, *names, inputs, kwargs, output)
    if hasattr(target, "loss") and hasattr(target, "params"):
        target = target.loss
    if callable(target):
        return _function(target, inputs, kwargs)
    raise TypeError(f"{_CONVENTIONS}; got {type(target).__name__}")


def _network(net: Any, inputs: Sequence[Any], kwargs: Mapping[str, Any]) -> Calls:
    if len(inputs) != 2:
        raise TypeError(f"a network needs the inputs x and t; got {len(inputs)}")
    if not is_array(inputs[0]):
        raise TypeError(f"`x` must be an array; got {type(inputs[0]).__name__}")
    return Calls(
        name=type(net).__name__,
        roots=(net,),
        forward=lambda xs: (net.loss(*xs, **_taken(net.loss, kwargs)), None),
        backward=lambda xs, dout, kept: net.gradient(*xs, **_taken(net.gradient, kwargs)),
        names=_names(net.loss, inputs, kwargs),
        differentiates_inputs=False,
    )


def _methods(
    target: Any,
    first: str,
    second: str,
    inputs: Sequence[Any],
    kwargs: Mapping[str, Any],
    output: str | None,
) -> Calls:
    forward, backward = getattr(target, first), getattr(target, second)
    forward_kwargs, backward_kwargs = _taken(forward, kwargs), _taken(backward, kwargs)
    names = _names(forward, inputs, kwargs)
    _check_required(forward, first, len(inputs), forward_kwargs)
    parameters = _positional(backward, backward_kwargs)

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
        if isinstance(y, tuple) and len(y) == 2 and _is_cache(parameters, y[1]):
            return y
        return y, None

    def back(xs: Sequence[Any], dout: Any, kept: Any) -> Any:
        return backward(*_arguments(parameters, names, xs, dout, kept), **backward_kwargs)

    return Calls(type(target).__name__, (target,), run, back, names, takes_dout=bool(parameters))


def _is_cache(parameters: list[inspect.Parameter], second: Any) -> bool:
    named = any("cache" in p.name for p in parameters[1:])
    return named or (len(parameters) > 1 and not is_array(second))


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
    extra = []
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


def _pair(
    first: Callable[..., Any],
    second: Callable[..., Any],
    inputs: Sequence[Any],
    kwargs: Mapping[str, Any],
) -> Calls:
    """Return the calls of (f, grad_f), or of (forward, backward) with a cache or the inputs."""
    forward_kwargs, backward_kwargs = _taken(first, kwargs), _taken(second, kwargs)
    names = _names(first, inputs, kwargs)
    roots = tuple(getattr(f, "__self__", f) for f in (first, second))
    name = getattr(first, "__name__", type(first).__name__)
    y = first(*inputs, **forward_kwargs)
    if isinstance(y, tuple) and len(y) == 2:
        kept_first = [p.name for p in _positional(second, {})][:1] in (["cache"], ["res"], ["ctx"])

        def back(xs: Sequence[Any], dout: Any, kept: Any) -> Any:
            return second(*((kept, dout) if kept_first else (dout, kept)), **backward_kwargs)

        return Calls(
            name, roots, lambda xs: first(*xs, **forward_kwargs), back, names, takes_dout=True
        )
    required = [p for p in _positional(second, backward_kwargs) if p.default is p.empty]
    takes_dout = len(required) == len(inputs) + 1
    elementwise = not takes_dout and getattr(y, "shape", ()) != ()
    if elementwise and (len(inputs) != 1 or y.shape != getattr(inputs[0], "shape", None)):
        raise ValueError(
            "`f` must return a number, or an array like its only argument, or (output, cache) for "
            f"a backward pass that takes (dout, cache); got shape {tuple(y.shape)}"
        )
    return Calls(
        name,
        roots,
        lambda xs: (first(*xs, **forward_kwargs), None),
        lambda xs, dout, kept: second(*([dout] if takes_dout else []), *xs, **backward_kwargs),
        names,
        takes_dout=takes_dout,
        elementwise=elementwise,
    )


def _function(f: Callable[..., Any], inputs: Sequence[Any], kwargs: Mapping[str, Any]) -> Calls:
    """Return the calls of a function that returns its gradient, or its backward pass, too."""
    taken = _taken(f, kwargs)
    y = f(*inputs, **taken)
    if not (isinstance(y, tuple) and len(y) == 2):
        raise TypeError(f"{_CONVENTIONS}; got a function that returns {type(y).__name__}")
    closure = callable(y[1])
    shape = getattr(y[0], "shape", ())
    if not closure and shape != () and shape != getattr(inputs[0], "shape", None):
        raise TypeError(f"{_CONVENTIONS}; got a function that returns arrays of shape {shape}")

    def back(xs: Sequence[Any], dout: Any, kept: Any) -> Any:
        return kept(dout) if closure else kept

    return Calls(
        getattr(f, "__qualname__", type(f).__name__),
        (getattr(f, "__self__", f),),
        lambda xs: f(*xs, **taken),
        back,
        _names(f, inputs, kwargs),
        takes_dout=closure,
        elementwise=not closure and shape != (),
        differentiates_inputs=not isinstance(y[1], Mapping),
    )


def _autograd_function(target: Any, inputs: Sequence[Any]) -> Calls:
    import torch  # a class of torch.autograd.Function came in, so it is installed

    def leaves(xs: Sequence[Any]) -> list[Any]:
        tensors = [x.detach().clone() if isinstance(x, torch.Tensor) else x for x in xs]
        return [
            x.requires_grad_() if isinstance(x, torch.Tensor) and x.is_floating_point() else x
            for x in tensors
        ]

    def forward(xs: Sequence[Any]) -> tuple[Any, Any]:
        own = leaves(xs)
        y = target.apply(*own)
        plain = tuple(v.detach() for v in y) if isinstance(y, tuple) else y.detach()
        return plain, (own, y)

    def backward(xs: Sequence[Any], dout: Any, kept: Any) -> Any:
        own, y = kept
        ys = y if isinstance(y, tuple) else (y,)
        douts = dout if isinstance(y, tuple) else (dout,)
        douts = tuple(torch.as_tensor(d, dtype=v.dtype) for d, v in zip(douts, ys, strict=True))
        watched = [x for x in own if getattr(x, "requires_grad", False)]
        found = iter(torch.autograd.grad(ys, watched, douts, allow_unused=True))
        return tuple(next(found) if getattr(x, "requires_grad", False) else None for x in own)

    names = _names(target.forward, [None, *inputs], {})[1:]  # after ctx
    return Calls(target.__name__, (), forward, backward, names, takes_dout=True)


def _custom_vjp(target: Any, inputs: Sequence[Any]) -> Calls:
    import jax  # a function of jax.custom_vjp came in, so it is installed

    def forward(xs: Sequence[Any]) -> tuple[Any, Any]:
        return jax.vjp(target, *xs)  # type: ignore[no-any-return]

    def backward(xs: Sequence[Any], dout: Any, kept: Any) -> Any:
        like = target(*xs)
        return kept(jax.tree.map(lambda d, y: jax.numpy.asarray(d, y.dtype), dout, like))

    name = getattr(target, "__name__", "custom_vjp")
    return Calls(
        name,
        (),
        forward,
        backward,
        _names(target, inputs, {}),
        takes_dout=True,
    )


def _parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    try:
        return list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # some callables have no signature
        return [inspect.Parameter("args", inspect.Parameter.VAR_POSITIONAL)]


def _positional(function: Callable[..., Any], given: Mapping[str, Any]) -> list[inspect.Parameter]:
    """Return the parameters that can be given by position, and are not given by name."""
    found = [
        p
        for p in _parameters(function)
        if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD, p.VAR_POSITIONAL)
    ]
    return [p for p in found if p.name not in given]


def _taken(function: Callable[..., Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keyword arguments that a method takes."""
    parameters = _parameters(function)
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return dict(kwargs)
    names = {p.name for p in parameters}
    return {name: value for name, value in kwargs.items() if name in names}


def _check_required(
    function: Callable[..., Any], name: str, count: int, given: Mapping[str, Any]
) -> None:
    parameters = _positional(function, given)
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return
    only = [p for p in _parameters(function) if p.kind is p.KEYWORD_ONLY and p.name not in given]
    missing = [p.name for p in [*parameters[count:], *only] if p.default is p.empty]
    if missing:
        raise TypeError(
            f"{name} needs `{missing[0]}` too; give it as an input, or by "
            f"kwargs={{{missing[0]!r}: ...}}"
        )


def _names(
    function: Callable[..., Any], inputs: Sequence[Any], kwargs: Mapping[str, Any]
) -> tuple[str, ...]:
    """Return the names of the inputs, from the signature where it gives them."""
    named = [p.name for p in _positional(function, kwargs) if p.kind is not p.VAR_POSITIONAL]
    return tuple(named[i] if i < len(named) else f"input {i}" for i in range(len(inputs)))
