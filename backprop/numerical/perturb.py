"""The engine that changes entries of an array, evaluates, and puts them back.

Everything that differentiates numerically stands on it: `numerical_gradient`, a network's loop,
the gradient checker. An entry is changed in place where that can be done, which costs nothing
but the evaluation; else a changed copy is put where the array is kept. Whatever happens
meanwhile, an exception or Ctrl-C included, the array is bit for bit what it was.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

import backends
from backends import Array, namespace
from backprop.arrays import copy_of, is_array
from backprop.numerical.pieces import Slab, flat64, flat_host, norm, same, slabs

T = TypeVar("T")
Moves = Iterable[tuple[int, float]]
"""Flat indices, and how far each entry is moved."""

_GATHERED = 1024  # moves that are prepared, and results that are brought to the host, at a time


@dataclass(frozen=True)
class Place:
    """Where an array is kept: an item of a dictionary or list, or an attribute.

    Attributes
    ----------
    holder : object
        The dictionary, list or object.
    key : object
        The key, index or name.
    attribute : bool
        Whether it is an attribute.
    in_place : bool
        Whether the array itself may be changed for a while; else copies take its place.
    whole : bool
        Whether all of it is put back after each evaluation, and not only the entry: for
        evaluations that change it themselves.
    also : tuple of Place
        Where else the same array is kept.
    known : array or None
        A copy of the array that somebody keeps anyway.
    path : tuple
        How it is reached, for whoever found it.
    """

    holder: Any
    key: Any
    attribute: bool = False
    in_place: bool = True
    whole: bool = False
    also: tuple["Place", ...] = ()
    path: tuple[Any, ...] = ()
    known: Array | None = None

    def get(self) -> Array:
        """Return the array."""
        return getattr(self.holder, self.key) if self.attribute else self.holder[self.key]

    def set(self, value: Array) -> None:
        """Put an array there, and where else the old one is kept."""
        if self.attribute:
            setattr(self.holder, self.key, value)
        else:
            self.holder[self.key] = value
        for other in self.also:
            other.set(value)


def at_entries(
    place: Place, moves: Moves, evaluate: Callable[[], T]
) -> tuple[list[T], npt.NDArray[np.float64]]:
    """Return what `evaluate` gives with one entry changed, for each move, and how far each went.

    A narrow dtype may round the distance.
    """
    results: list[T] = []
    gone, waiting = [np.zeros(0)], iter(moves)
    while some := list(itertools.islice(waiting, _GATHERED)):
        gone.append(_at_some(place, some, evaluate, results))
    return results, np.concatenate(gone)


def _at_some(
    place: Place, moves: list[tuple[int, float]], evaluate: Callable[[], T], results: list[T]
) -> npt.NDArray[np.float64]:
    """Add what `evaluate` gives to the results, for each move; return how far each went."""
    x = place.get()
    backend, shape = backends.of(x), tuple(x.shape)
    writable = place.in_place and backends.is_writable(x)
    saved = copy_of(x) if place.whole and writable else None
    flat = flat_host(x) if writable else flat_host(x).copy()
    indices = np.asarray([index for index, _ in moves], dtype=np.intp)
    before = flat[indices]
    wanted = before.astype(np.float64) + [distance for _, distance in moves]
    after = flat_host(backend.asarray(wanted, x.dtype)).astype(np.float64)
    axes = np.unravel_index(indices, shape) if shape else ()
    places = list(zip(*(axis.tolist() for axis in axes), strict=True)) or [()] * len(moves)
    old = before.astype(np.float64)
    for i, (where, was, now) in enumerate(zip(places, old.tolist(), after.tolist(), strict=True)):
        try:
            if writable:
                x[where] = now
            else:
                flat[indices[i]] = after[i]
                place.set(backend.asarray(flat.reshape(shape), x.dtype))
            results.append(evaluate())
        finally:
            if not writable:
                flat[indices[i]] = before[i]
                place.set(x)
            elif saved is not None:
                x[...] = saved
            else:
                x[where] = was
    return after - old


def along(
    place: Place,
    direction: npt.NDArray[Any],
    distances: Sequence[float],
    evaluate: Callable[[], T],
) -> list[T]:
    """Return what `evaluate` gives with all entries moved along a flat direction, each distance."""
    x = place.get()
    way, unit = direction.reshape(tuple(x.shape)), norm(direction) or 1.0
    results: list[T] = []
    for distance in distances:

        def by(where: Slab, d: float = distance / unit) -> npt.NDArray[np.float64]:
            return np.asarray(d * way[where])

        with moved(place, by):
            results.append(evaluate())
    return results


@contextmanager
def moved(
    place: Place, by: Callable[[Slab], npt.NDArray[np.float64]], relative: bool = False
) -> Iterator[None]:
    """Move all entries of an array for a while, each slab by what `by` gives on the host."""
    x, backend = place.get(), backends.of(place.get())
    known = place.known  # the array may have been moved already, and be another by now
    saved = copy_of(x) if known is None or not same(x, known) else known
    writable = place.in_place and backends.is_writable(x)
    other = x if writable else copy_of(x)
    try:
        if backends.is_writable(other):
            for where in slabs(tuple(x.shape)):
                distance = backend.asarray(by(where), x.dtype)
                own = saved[where]
                other[where] = own + (distance * own if relative else distance)
        else:
            distance = backend.asarray(by((...,)), x.dtype)
            other = saved + (distance * saved if relative else distance)
        if not writable:
            place.set(other)
        yield
    finally:
        if writable:
            x[...] = saved
        else:
            place.set(x)


def on_host(values: Sequence[Any]) -> npt.NDArray[np.float64]:
    """Return 0-d arrays and numbers as one host array of shape (n,); the device waits seldom."""
    if all(isinstance(v, float) for v in values) or not any(map(is_array, values)):
        return np.asarray(values, dtype=np.float64)
    parts = []
    for start in range(0, len(values), _GATHERED):
        part = values[start : start + _GATHERED]
        if all(map(is_array, part)) and len({(str(v.dtype), type(v)) for v in part}) == 1:
            xp = namespace(part[0])
            stacked = xp.stack(part)
            parts.append(flat64(stacked))
        else:
            parts.append(np.asarray([_number(v) for v in part], dtype=np.float64))
    return np.concatenate(parts)


def _number(value: Any) -> float:
    return float(flat64(value)[0])
