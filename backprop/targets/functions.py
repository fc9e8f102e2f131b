"""Functions with a backward pass: pairs, functions that return both, autograd's and JAX's own."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from backprop.targets.calls import Calls, input_names, is_cache, positional, taken
from backprop.targets.nested import is_real

CONVENTIONS = (
    "a target must have forward and backward (or forward_pass and backward_pass, fprop and bprop, "
    "...), or loss, gradient and params, or be a pair (f, grad_f), a pair (forward, backward) "
    "with a cache, or a function that returns (value, gradient)"
)
"""What a target can be, as messages say it."""


def of_pair(
    first: Callable[..., Any],
    second: Callable[..., Any],
    inputs: Sequence[Any],
    kwargs: Mapping[str, Any],
) -> Calls:
    """Return the calls of (f, grad_f), or of (forward, backward) with a cache or the inputs.

    Raises
    ------
    TypeError, ValueError
        When what `first` returns does not go with what `second` takes.
    """
    forward_kwargs, backward_kwargs = taken(first, kwargs), taken(second, kwargs)
    names = input_names(first, inputs, kwargs)
    roots = tuple(getattr(f, "__self__", f) for f in (first, second))
    name = getattr(first, "__name__", type(first).__name__)
    y = first(*inputs, **forward_kwargs)
    takes = positional(second, backward_kwargs)
    required = [p for p in takes if p.default is p.empty]
    fixed = all(p.kind is not p.VAR_POSITIONAL for p in takes)

    def fits(*counts: int) -> bool:
        return not fixed or any(len(required) <= n <= len(takes) for n in counts)

    inputs_again = {p.name for p in required[-1:]} & set(names) and all(
        is_real(v) and not any(v is x for x in inputs) for v in (y if isinstance(y, tuple) else ())
    )
    if isinstance(y, tuple) and not inputs_again and is_cache(takes, y[-1], len(y) == 2):
        if not fits(len(y)):
            raise _unfit("`dout` for each output, and the cache", takes)
        kept_first = is_cache(takes[:1], y[-1], otherwise=False)

        def split(xs: Sequence[Any]) -> tuple[Any, Any]:
            *ys, kept = first(*xs, **forward_kwargs)
            return (ys[0] if len(ys) == 1 else tuple(ys)), kept

        def back(xs: Sequence[Any], dout: Any, kept: Any) -> Any:
            douts = dout if isinstance(dout, tuple) else (dout,)
            return second(*((kept, *douts) if kept_first else (*douts, kept)), **backward_kwargs)

        return Calls(name, roots, split, back, names, takes_dout=True)
    several = len(y) if isinstance(y, tuple) else 1
    apart = several > 1 and fixed
    apart &= len(required) == several + len(inputs) or (
        len(required) == several and not inputs_again
    )
    takes_dout = apart or (fixed and len(required) == len(inputs) + 1)
    again = not (apart and len(required) == several)  # whether it takes the inputs again
    if not takes_dout and not fits(len(inputs)):
        raise _unfit("the arguments of `f`, or `dout` and then these, or (dout, cache)", takes)
    elementwise = not takes_dout and getattr(y, "shape", ()) != ()
    if elementwise and any(getattr(x, "shape", None) != y.shape for x in inputs):
        raise ValueError(
            "`f` must return a number, or an array of the shape of each argument, or (output, "
            f"cache) for a backward pass that takes (dout, cache); got shape {tuple(y.shape)}"
        )

    def derive(xs: Sequence[Any], dout: Any, kept: Any) -> Any:
        douts = () if not takes_dout else dout if apart else (dout,)
        return second(*douts, *(xs if again else ()), **backward_kwargs)

    return Calls(
        name,
        roots,
        lambda xs: (first(*xs, **forward_kwargs), None),
        derive,
        names,
        takes_dout=takes_dout,
        elementwise=elementwise,
    )


def _unfit(wanted: str, takes: Sequence[inspect.Parameter]) -> TypeError:
    return TypeError(
        f"the second of a pair must take {wanted}; it takes ({', '.join(p.name for p in takes)})"
    )


def of_function(f: Callable[..., Any], inputs: Sequence[Any], kwargs: Mapping[str, Any]) -> Calls:
    """Return the calls of a function that returns its gradient, or its backward pass, too."""
    own = taken(f, kwargs)
    y = f(*inputs, **own)
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
        (getattr(f, "__self__", f),),
        lambda xs: f(*xs, **own),
        back,
        names,
        takes_dout=closure,
        elementwise=not closure and shape != (),
        differentiates_inputs=not isinstance(y[1], Mapping) or any(n in y[1] for n in names),
    )


def of_autograd_function(target: Any, inputs: Sequence[Any]) -> Calls:
    """Return the calls of a subclass of `torch.autograd.Function`."""
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

    names = input_names(target.forward, [None, *inputs], {})[1:]  # after ctx
    return Calls(target.__name__, (), forward, backward, names, takes_dout=True)


def of_custom_vjp(target: Any, inputs: Sequence[Any]) -> Calls:
    """Return the calls of a function of `jax.custom_vjp`."""
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
        input_names(target, inputs, {}),
        takes_dout=True,
    )
