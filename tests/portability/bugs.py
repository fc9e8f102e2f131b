"""The portability bugs that the matrix is there to see: each a function, right and wrong.

A function takes its namespace first, and then arrays.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from backends import Array, device

RNG = np.random.default_rng(11)
X, DOUT = RNG.standard_normal((5, 3)), RNG.standard_normal((5, 3))
LABELS = np.array([2, 0, 1, 2, 2])


class Bug(NamedTuple):
    """The rows that must notice it, the function right and wrong, and what both are given."""

    by: str
    right: Callable[..., Array]
    wrong: Callable[..., Array]
    inputs: tuple[Any, ...]


def with_any(xp: Any, x: Array) -> Array:
    if xp.any(x > 0):
        x = xp.where(x > 0, x, 0.0)
    return x


def with_float(xp: Any, x: Array) -> Array:
    float(xp.sum(x))
    return xp.mean(x)


def with_item(xp: Any, x: Array) -> Array:
    xp.sum(x).item()
    return xp.mean(x)


def with_mask_assignment(xp: Any, x: Array) -> Array:
    y = xp.asarray(x, copy=True)
    y[x < 0] = 0.0
    return y


def with_boolean_indexing(xp: Any, x: Array) -> Array:
    x[x > 0]
    return xp.mean(x)


def with_item_assignment(xp: Any, x: Array) -> Array:
    y = xp.exp(x)
    y[0, ...] = xp.ones_like(y[0, ...])
    return y


def with_data_dependent_shape(xp: Any, x: Array) -> Array:
    xp.nonzero(x)
    return xp.mean(x)


def with_keyword(xp: Any, x: Array) -> Array:
    y = x - xp.max(x, axis=1, keepdims=True)
    return xp.exp(y, out=y)


def with_mutated_input(xp: Any, x: Array) -> Array:
    y = xp.exp(x)
    x *= 2.0
    return y


def with_mutated_dout(xp: Any, x: Array, dout: Array) -> Array:
    dx = dout * x
    dout *= 2.0
    return dx


def with_device_as_key(xp: Any, x: Array) -> Array:
    {device(x): None}
    return xp.mean(x)


def mean(xp: Any, x: Array) -> Array:
    return xp.mean(x)


def relu(xp: Any, x: Array) -> Array:
    return xp.maximum(x, 0.0)


BUGS = {
    "missing device= in arange": Bug(
        "strict:device1",
        lambda xp, t: t[:, None] == xp.arange(3, dtype=t.dtype, device=device(t)),
        lambda xp, t: t[:, None] == xp.arange(3, dtype=t.dtype),
        (LABELS,),
    ),
    "missing device= in ones": Bug(
        "torch:meta",
        lambda xp, x: xp.ones((1, x.shape[0]), dtype=x.dtype, device=device(x)) @ x,
        lambda xp, x: xp.ones((1, x.shape[0]), dtype=x.dtype) @ x,
        (X,),
    ),
    "result on another device": Bug(
        "strict:device1 torch:meta",
        lambda xp, x: xp.ones(x.shape[0], dtype=x.dtype, device=device(x)),
        lambda xp, x: xp.ones(x.shape[0], dtype=x.dtype),
        (X,),
    ),
    "float32 on the way": Bug(
        "torch",
        lambda xp, x: x * xp.asarray(0.1, dtype=x.dtype, device=device(x)),
        lambda xp, x: x * xp.asarray([0.1], device=device(x)),
        (X,),
    ),
    "missing dtype=": Bug(
        "numpy:float32 torch",
        lambda xp, x: x @ xp.ones((x.shape[1], 1), dtype=x.dtype, device=device(x)),
        lambda xp, x: x @ xp.ones((x.shape[1], 1), device=device(x)),
        (X,),
    ),
    "hard-coded float64": Bug(
        "strict:no_float64",
        lambda xp, x: xp.astype(x > 0, x.dtype),
        lambda xp, x: xp.astype(x > 0, xp.float64),
        (X,),
    ),
    "hard-coded int64": Bug(
        "strict:no_x64",
        lambda xp, t: xp.zeros(t.shape, dtype=t.dtype, device=device(t)),
        lambda xp, t: xp.zeros(t.shape, dtype=xp.int64, device=device(t)),
        (LABELS,),
    ),
    "NumPy scalar promotes": Bug(
        "numpy:float32",
        lambda xp, x: xp.sum(x) / x.shape[0],
        lambda xp, x: xp.sum(x) / np.float64(x.shape[0]),
        (X,),
    ),
    "NumPy ufunc on an array": Bug("strict:cpu", relu, lambda xp, x: np.maximum(x, 0.0), (X,)),
    "NumPy operand": Bug(
        "strict:cpu",
        lambda xp, x, dout: dout * (1.0 - x * x),
        lambda xp, x, dout: dout * (np.ones(x.shape) - x * x),
        (X, DOUT),
    ),
    "host round trip": Bug(
        "strict:device1",
        lambda xp, x: xp.tanh(x),
        lambda xp, x: xp.asarray(np.tanh(np.asarray(x)), dtype=x.dtype, device=x.device),
        (X,),
    ),
    "if any(x)": Bug("strict:cpu jax:jit", relu, with_any, (X,)),
    "float(x)": Bug("strict:cpu jax:jit", mean, with_float, (X,)),
    "x.item()": Bug("strict:cpu jax:jit", mean, with_item, (X,)),
    "bool times float": Bug(
        "strict:cpu",
        lambda xp, x, dout: dout * xp.astype(x > 0, dout.dtype),
        lambda xp, x, dout: dout * (x > 0),
        (X, DOUT),
    ),
    "mask assignment": Bug("strict:strictest", relu, with_mask_assignment, (X,)),
    "boolean indexing": Bug("strict:strictest", mean, with_boolean_indexing, (X,)),
    "item assignment": Bug(
        "jax",
        lambda xp, x: xp.concat([xp.ones_like(x[:1, ...]), xp.exp(x[1:, ...])]),
        with_item_assignment,
        (X,),
    ),
    "data-dependent shape": Bug("strict:strictest", mean, with_data_dependent_shape, (X,)),
    "method outside the standard": Bug(
        "strict:cpu", lambda xp, x: -xp.sum(xp.exp(x)), lambda xp, x: -xp.exp(x).sum(), (X,)
    ),
    "function outside the standard": Bug(
        "strict:cpu", lambda xp, x: xp.sum(x, axis=0), lambda xp, x: xp.einsum("ij->j", x), (X,)
    ),
    "keyword outside the standard": Bug(
        "strict:cpu", lambda xp, x: xp.exp(x - xp.max(x, axis=1, keepdims=True)), with_keyword, (X,)
    ),
    "integer array into floating": Bug(
        "numpy:float32",
        lambda xp, x: xp.sum(x) / x.shape[0],
        lambda xp, x: xp.sum(x) / xp.sum(xp.ones_like(x[:, 0], dtype=xp.int32)),
        (X,),
    ),
    "out-of-bounds slice": Bug(
        "strict:cpu", lambda xp, x: x[3 : min(6, x.shape[0]), ...], lambda xp, x: x[3:6, ...], (X,)
    ),
    "mixed fancy indexing": Bug(
        "strict:cpu",
        lambda xp, x: xp.take(x, xp.arange(x.shape[0], device=device(x)), axis=0),
        lambda xp, x: x[xp.arange(x.shape[0], device=x.device), :],
        (X,),
    ),
    "mutated input": Bug("numpy numpy:readonly", lambda xp, x: xp.exp(x), with_mutated_input, (X,)),
    "mutated dout": Bug(
        "numpy numpy:readonly", lambda xp, x, dout: dout * x, with_mutated_dout, (X, DOUT)
    ),
    "device as a dictionary key": Bug("strict:cpu", mean, with_device_as_key, (X,)),
}
