"""Rounding in a compiled JAX function: each product is a float of its own, as it is uncompiled.

XLA joins a product and the sum it goes into to one operation, which rounds once, and makes a
quotient by a root a product. Its numbers are as good, but others; and where a unit of Relu is at
its kink, a last bit decides for a whole sample.
"""

from collections.abc import Callable, Sequence
from typing import Any

_PRODUCTS = {"mul", "div", "square", "integer_pow"}
_JOINED = {"add": _PRODUCTS, "sub": _PRODUCTS, "div": {"sqrt"}}
"""By operation: those before it that XLA takes into it."""
_BETWEEN = {"broadcast_in_dim", "neg", "reshape", "slice", "squeeze", "transpose"}
"""What doesn't keep XLA from it, where it stands between the two."""
_CALLS = {"jit", "pjit"}
"""A function in the function, by its names in several versions of JAX."""


def rounded(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return `function` to be compiled, with an argument more: -0.0 comes first.

    It is added to each product that goes into a sum. That changes no float, but the compiler does
    not know what it is, and so the product has to be one.
    """
    import jax

    def wrapped(zero: Any, *arrays: Any) -> Any:
        traced, result = jax.make_jaxpr(function, return_shape=True)(*arrays)
        values = _Rounding(zero).evaluate(traced, jax.tree.leaves(arrays))
        return jax.tree.unflatten(jax.tree.structure(result), values)

    wrapped.__name__ = getattr(function, "__name__", wrapped.__name__)  # in JAX's messages
    return wrapped


class _Rounding:
    """Evaluates what was traced, operation by operation, and knows what made each value."""

    def __init__(self, zero: Any) -> None:
        self._zero = zero
        self._made: dict[int, tuple[Any, str]] = {}  # by identity: the value, and the operation

    def evaluate(self, traced: Any, arguments: Sequence[Any]) -> list[Any]:
        """Return the results for arguments."""
        from jax.extend.core import Literal

        known = dict(zip(traced.jaxpr.constvars, traced.consts, strict=True))
        known |= zip(traced.jaxpr.invars, arguments, strict=True)

        def value(name: Any) -> Any:
            return name.val if isinstance(name, Literal) else known[name]

        for operation in traced.jaxpr.eqns:
            results = self._results(operation, [value(name) for name in operation.invars])
            known |= zip(operation.outvars, results, strict=True)
        return [value(name) for name in traced.jaxpr.outvars]

    def _results(self, operation: Any, inputs: list[Any]) -> list[Any]:
        """Return the results of one operation; what it would be joined with is rounded first."""
        kind = operation.primitive
        if kind.name in _CALLS:
            return self.evaluate(operation.params["jaxpr"], inputs)
        joined = _JOINED.get(kind.name, ())
        inputs = [self._round(x) if self._maker(x) in joined else x for x in inputs]
        options = kind.get_bind_params(operation.params)
        functions, options = ((), options) if isinstance(options, dict) else options  # JAX < 0.10
        results = kind.bind(*functions, *inputs, **options)
        if kind.multiple_results:
            return list(results)
        maker = self._maker(inputs[0]) if kind.name in _BETWEEN else kind.name
        self._made[id(results)] = results, maker
        return [results]

    def _maker(self, x: Any) -> str:
        return self._made[id(x)][1] if id(x) in self._made else ""

    def _round(self, x: Any) -> Any:
        return x + self._zero.astype(x.dtype)
