"""Pairs of functions: one and its gradient, or a forward and a backward pass."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from backprop.targets.calls import DERIVATIVES, Calls, input_names, is_cache, positional, taken
from backprop.targets.nested import is_real
from backprop.targets.state import tried


@dataclass(frozen=True)
class _Pair:
    """Two functions with what is known of them.

    Attributes
    ----------
    first, second : callable
        With their keyword arguments.
    name, roots, names
        As in `Calls`.
    takes : list of inspect.Parameter
        What the second takes.
    """

    first: Callable[..., Any]
    second: Callable[..., Any]
    name: str
    roots: tuple[Any, ...]
    names: tuple[str, ...]
    takes: list[inspect.Parameter]

    @property
    def required(self) -> list[inspect.Parameter]:
        """What the second has to be given."""
        return [p for p in self.takes if p.default is p.empty]

    @property
    def fixed(self) -> bool:
        """Whether it is known how much the second takes."""
        return all(p.kind is not p.VAR_POSITIONAL for p in self.takes)

    def check(self, count: int, wanted: str) -> None:
        """Raise a TypeError unless the second can take so many arguments."""
        if self.fixed and not len(self.required) <= count <= len(self.takes):
            names = ", ".join(p.name for p in self.takes)
            raise TypeError(f"the second of a pair must take {wanted}; it takes ({names})")


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
    first_kwargs, second_kwargs = taken(first, kwargs), taken(second, kwargs)
    pair = _Pair(
        lambda *xs: first(*xs, **first_kwargs),
        lambda *xs: second(*xs, **second_kwargs),
        getattr(first, "__name__", type(first).__name__),
        tuple(getattr(f, "__self__", f) for f in (first, second)),
        input_names(first, inputs, kwargs),
        positional(second, second_kwargs),
    )
    y = tried((*pair.roots, list(inputs)), lambda: pair.first(*inputs))
    several = isinstance(y, tuple) and not _of_inputs(pair, y, inputs)
    cached = several and is_cache(pair.takes, y[-1], otherwise=len(y) == 2)
    calls = _with_cache(pair, y) if cached else _without_cache(pair, y, inputs)
    return replace(calls, keywords=frozenset(first_kwargs | second_kwargs))


def _of_inputs(pair: _Pair, y: tuple[Any, ...], inputs: Sequence[Any]) -> bool:
    """Tell whether the second takes an input last, and the first returns outputs alone."""
    last = {p.name for p in pair.required[-1:]} & set(pair.names)
    return bool(last) and all(is_real(v) and not any(v is x for x in inputs) for v in y)


def _with_cache(pair: _Pair, y: tuple[Any, ...]) -> Calls:
    pair.check(len(y), "`dout` for each output, and the cache")
    kept_first = is_cache(pair.takes[:1], y[-1], otherwise=False)

    def forward(xs: Sequence[Any]) -> tuple[Any, Any]:
        *ys, kept = pair.first(*xs)
        return (ys[0] if len(ys) == 1 else tuple(ys)), kept

    def backward(xs: Sequence[Any], dout: Any, kept: Any) -> Any:
        douts = dout if isinstance(dout, tuple) else (dout,)
        return pair.second(*((kept, *douts) if kept_first else (*douts, kept)))

    return Calls(pair.name, pair.roots, forward, backward, pair.names, takes_dout=True)


def _without_cache(pair: _Pair, y: Any, inputs: Sequence[Any]) -> Calls:
    outputs = len(y) if isinstance(y, tuple) else 1
    count = len(pair.required) if pair.fixed else len(inputs)
    each = outputs > 1 and pair.fixed  # whether each output has a `dout` of its own
    alone = each and count == outputs and not _of_inputs(pair, y, inputs)
    each &= alone or count == outputs + len(inputs)
    first = pair.takes[0].name if pair.takes and pair.fixed else ""
    alone |= count <= 1 and first.startswith(DERIVATIVES) and first not in pair.names
    takes_dout = each or alone or count == len(inputs) + 1
    if not takes_dout:
        pair.check(len(inputs), "the arguments of `f`, or `dout` and then these, or (dout, cache)")
    elementwise = not takes_dout and getattr(y, "shape", ()) != ()
    if elementwise and any(getattr(x, "shape", None) != y.shape for x in inputs):
        raise ValueError(
            "`f` must return a number, or an array of the shape of each argument, or (output, "
            f"cache) for a backward pass that takes (dout, cache); got shape {tuple(y.shape)}"
        )

    def backward(xs: Sequence[Any], dout: Any, kept: Any) -> Any:
        douts = () if not takes_dout else dout if each else (dout,)
        return pair.second(*douts, *(() if alone else xs))

    return Calls(
        pair.name,
        pair.roots,
        lambda xs: (pair.first(*xs), None),
        backward,
        pair.names,
        takes_dout=takes_dout,
        elementwise=elementwise,
    )
