"""Rounding in a compiled JAX function: each product is a float of its own, as it is uncompiled.

XLA joins a product and the sum it goes into to one operation, which rounds once, and makes one
product of two. Its numbers are as good, but others; and where a unit of Relu is at its kink, a last
bit decides for a whole sample.
"""

from collections.abc import Callable, Sequence
from typing import Any

_PRODUCTS = {"div", "dot_general", "exp", "integer_pow", "mul", "sqrt", "square"}
"""The operations that XLA joins with others."""


def rounded(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return `function` to be compiled, with an argument more: -0.0 comes first.

    It is added to each product, and to what functions within it return. That changes no float, but
    for the sign of a 0 that the compiler knows beforehand. As it does not know the -0.0, the
    product has to be a float.
    """
    import jax

    def wrapped(zero: Any, *arrays: Any) -> Any:
        traced, result = jax.make_jaxpr(function, return_shape=True)(*arrays)
        values = _evaluate(traced, jax.tree.leaves(arrays), zero)
        return jax.tree.unflatten(jax.tree.structure(result), values)

    wrapped.__name__ = getattr(function, "__name__", wrapped.__name__)  # in JAX's messages
    return wrapped


def _evaluate(traced: Any, arguments: Sequence[Any], zero: Any) -> list[Any]:
    """Return what a traced function gives for arguments, its products rounded."""
    from jax import numpy as jnp
    from jax.extend.core import Literal

    known = dict(zip(traced.jaxpr.constvars, traced.consts, strict=True))
    known |= zip(traced.jaxpr.invars, arguments, strict=True)

    def value(name: Any) -> Any:
        return name.val if isinstance(name, Literal) else known[name]

    def round_(x: Any) -> Any:
        return x + zero.astype(x.dtype) if jnp.issubdtype(x.dtype, jnp.floating) else x

    for operation in traced.jaxpr.eqns:
        kind = operation.primitive
        options = kind.get_bind_params(operation.params)
        functions, options = ((), options) if isinstance(options, dict) else options  # JAX < 0.10
        results = kind.bind(*functions, *map(value, operation.invars), **options)
        results = results if kind.multiple_results else [results]
        if kind.multiple_results or kind.name in _PRODUCTS:  # the first have functions in them
            results = [round_(x) for x in results]
        known |= zip(operation.outvars, results, strict=True)
    return [value(name) for name in traced.jaxpr.outvars]
