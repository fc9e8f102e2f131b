"""Functions with a backward pass of their own: returned, autograd's, and JAX's."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from backprop.targets.calls import Calls, input_names, taken
from backprop.targets.places import is_named
from backprop.targets.state import tried

CONVENTIONS = (
    "a target must have forward and backward (or forward_pass and backward_pass, fprop and bprop, "
    "...), or loss, gradient and params, or be a pair (f, grad_f), a pair (forward, backward) "
    "with a cache, or a function that returns (value, gradient)"
)
"""What a target can be, as messages say it."""


def of_function(f: Callable[..., Any], inputs: Sequence[Any], kwargs: Mapping[str, Any]) -> Calls:
    """Return the calls of a function that returns its gradient, or its backward pass, too."""
    own = taken(f, kwargs)
    root = getattr(f, "__self__", f)
    y = tried((root, list(inputs)), lambda: f(*inputs, **own))
    if not (isinstance(y, tuple) and len(y) == 2):
        raise TypeError(f"{CONVENTIONS}; got a function that returns {type(y).__name__}")
    closure = callable(y[1])
    shape = getattr(y[0], "shape", ())
    if not closure and shape != () and shape != getattr(inputs[0], "shape", None):
        raise TypeError(f"{CONVENTIONS}; got a function that returns arrays of shape {shape}")

    names = input_names(f, inputs, kwargs)

    def back(xs: Sequence[Any], dout: Any, kept: Any) -> Any:
        return kept(dout) if closure else kept

    return Calls(
        getattr(f, "__qualname__", type(f).__name__),
        (root,),
        lambda xs: f(*xs, **own),
        back,
        names,
        takes_dout=closure,
        elementwise=not closure and shape != (),
        differentiates_inputs=not isinstance(y[1], Mapping) or _by_inputs(y[1], names, inputs),
        keywords=frozenset(own),
    )


def _by_inputs(gradients: Mapping[Any, Any], names: Sequence[str], inputs: Sequence[Any]) -> bool:
    """Tell whether gradients by name are those by inputs, or by what an input holds."""
    return is_named(names, gradients) or any(
        is_named(x, gradients) for x in inputs if isinstance(x, Mapping)
    )


def of_autograd_function(target: Any, inputs: Sequence[Any]) -> Calls:
    """Return the calls of a subclass of `torch.autograd.Function`."""
    import torch  # a class of torch.autograd.Function came in, so it is installed

    def leaves(xs: Sequence[Any]) -> list[Any]:
        tensors = [x.detach() if isinstance(x, torch.Tensor) else x for x in xs]
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
        real = [(d, v) for d, v in zip(douts, ys, strict=True) if d is not None]
        douts = tuple(torch.as_tensor(d, dtype=v.dtype) for d, v in real)
        watched = [x for x in own if getattr(x, "requires_grad", False)]
        found = iter(torch.autograd.grad([v for _, v in real], watched, douts, allow_unused=True))
        return tuple(next(found) if getattr(x, "requires_grad", False) else None for x in own)

    names = input_names(target.forward, [None, *inputs], {})[1:]  # after ctx
    return Calls(target.__name__, (), forward, backward, names, takes_dout=True)


def of_custom_vjp(target: Any, inputs: Sequence[Any]) -> Calls:
    """Return the calls of a function of `jax.custom_vjp`: itself, and its backward rule."""
    import jax  # a function of jax.custom_vjp came in, so it is installed

    def backward(xs: Sequence[Any], dout: Any, kept: Any) -> Any:
        y, pull = jax.vjp(target, *xs)  # this runs the forward rule, and never the function
        return pull(jax.tree.map(lambda d, v: jax.numpy.asarray(d, v.dtype), dout, y))

    name = getattr(target, "__name__", "custom_vjp")
    return Calls(
        name,
        (),
        lambda xs: (target(*xs), None),
        backward,
        input_names(target, inputs, {}),
        takes_dout=True,
    )
