"""How to evaluate a function with entries of its argument changed: in place, copied, stacked."""

import math
import numbers
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

import backends
from backends import Array, DType, isdtype, namespace
from backprop.arrays import copy_of, float_bits, is_array, shape, widened
from backprop.numerical.perturb import Place, at_entries, on_host

Floats = npt.NDArray[np.float64]


class Evaluate(Protocol):
    """From m flat indices and distances: the values of f, and how far each entry went."""

    def __call__(self, indices: list[int], moves: Floats, /) -> tuple[Floats, Floats]:
        """Return two arrays of shape (m,)."""


@dataclass(frozen=True)
class Evaluation:
    """How to evaluate f near an array, or near each of P arrays of one shape.

    Attributes
    ----------
    changed : Evaluate
        Gives values with one entry changed; an index counts through all arrays.
    start : array, shape (P,)
        The value at each array itself.
    dtype : dtype
        That of the arithmetic, which decides the step.
    """

    changed: Evaluate
    start: Floats
    dtype: DType


def one_by_one(f: Callable[[Array], Any], x: Array) -> Evaluation:
    """Return how to evaluate `f` with one entry changed at a time."""
    place, dtype = _argument(f, x)

    def value() -> Any:
        y = f(place.get())
        if getattr(y, "shape", ()) != ():
            raise ValueError(
                f"`f` must return a number; got shape {shape(y)}; `numerical_gradient_2d` gives "
                "the gradient at each row of `x`"
            )
        check_result(y)
        return y

    before = copy_of(place.get())
    start = value()
    xp = namespace(before)
    if not bool(xp.all(place.get() == before)):  # f changes its argument
        place.get()[...] = before
        place = Place(place.holder, 0, whole=True)

    def changed(indices: list[int], moves: Floats) -> tuple[Floats, Floats]:
        values, distances = at_entries(place, zip(indices, moves.tolist(), strict=True), value)
        return on_host(values), distances

    return Evaluation(changed, on_host([start]), dtype)


def _argument(f: Callable[[Array], Any], x: Array) -> tuple[Place, DType]:
    """Return where the array that `f` gets is kept, and the dtype that decides the step."""
    wide = backends.of(x).widest
    if x.dtype != wide:
        heeds, result = _heeds(f, x, wide)
        if heeds:
            return Place([widened(x)], 0), result
    if backends.is_writable(x):
        return Place([x], 0), x.dtype
    f(copy_of(x))  # an error of f's own is the user's to see
    if _heeds(f, x, x.dtype)[0]:
        return Place([x], 0, in_place=False), x.dtype
    raise ValueError(
        "`f` must depend on its argument, as `x` can't be changed in place; "
        "it gave the same number for other arrays"
    )


def _heeds(f: Callable[[Array], Any], x: Array, dtype: DType) -> tuple[bool, DType]:
    """Tell whether `f` heeds an array of `dtype`, and the dtype of what it returns."""
    xp = namespace(x)
    own = xp.astype(x, dtype, copy=True)
    try:
        plain = f(copy_of(own))
    except Exception:  # f may refuse the dtype
        return False, dtype
    result = getattr(plain, "dtype", dtype)
    result = result if result in (dtype, x.dtype) else dtype
    for other in (own * math.nan, own + 1.0, own - 1.0, own * -2.0 - 3.0):
        try:
            if not bool(plain == f(other)):
                return True, result
        except Exception:  # f looked at what it got
            return True, result
    return False, result


def stacks(f: Callable[[Array], Any], points: Array, memory: int) -> Evaluation:
    """Return how to evaluate `f` on stacks of changed copies of about `memory` bytes.

    Parameters
    ----------
    f : callable
        Takes (K, ...) and returns (K,).
    points : array, shape (P, ...)
        The P arrays near which it is evaluated.
    """
    xp, backend = namespace(points), backends.of(points)
    number, size = points.shape[0], math.prod(points.shape[1:])
    dtype = backend.widest
    flat = xp.reshape(xp.astype(points, dtype), (number, size))
    entries = xp.arange(size, device=backend.device)
    host = backend.to_numpy(flat).reshape(-1).astype(np.float64)
    count = max(1, memory // (2 * size * float_bits(xp, dtype) // 8))

    def of_stack(copies: Array) -> Array:
        y = f(xp.reshape(copies, (copies.shape[0], *points.shape[1:])))
        if not is_array(y) or shape(y) != (copies.shape[0],):
            raise ValueError(
                f"`f` must return one number for each of the {copies.shape[0]} stacked arrays; "
                f"got shape {shape(y) if is_array(y) else ()}"
            )
        check_result(y)
        return y

    def chunks(indices: list[int], moves: Floats) -> Iterator[Floats]:
        for start in range(0, len(indices), count):
            part = slice(start, start + count)
            which, entry = np.divmod(indices[part], size)
            own = backend.asarray(entry, entries.dtype)[:, None] == entries[None, :]
            change = xp.astype(own, dtype) * backend.asarray(moves[part], dtype)[:, None]
            base = flat if number == 1 else xp.take(flat, backend.asarray(which), axis=0)
            y = of_stack(base + change)
            yield backends.of(y).to_numpy(y).astype(np.float64)

    def changed(indices: list[int], moves: Floats) -> tuple[Floats, Floats]:
        here = host[indices]
        distances = (here + moves).astype(backend.to_numpy(flat[:1, :0]).dtype) - here
        return np.concatenate(list(chunks(indices, moves))), distances

    first = [0] * min(count, size) if number == 1 else [i * size for i in range(number)]
    start = np.concatenate(list(chunks(first, np.zeros(len(first)))))
    return Evaluation(changed, start[:number], dtype)


def check_result(y: Any) -> None:
    """Raise a TypeError unless `f` returned real floats: a quotient of integers is a staircase."""
    if is_array(y):
        if not isdtype(namespace(y), y.dtype, "real floating"):
            raise TypeError(f"`f` must return real floats; got {y.dtype}")
    elif not isinstance(y, numbers.Real):
        raise TypeError(f"`f` must return a number; got {type(y).__name__}")
    elif isinstance(y, numbers.Integral):
        raise TypeError(f"`f` must return real floats; got {type(y).__name__}")
