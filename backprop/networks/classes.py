"""Class numbers from scores, in batches."""

from collections.abc import Callable
from typing import NamedTuple

from backends import Array, isdtype, namespace
from backprop import labels
from backprop.arguments import whole
from backprop.arrays import default_dtype, shape
from backprop.finite import NotFiniteError


class Classes(NamedTuple):
    """Class numbers, shape (N,); how many outputs there are, and how many samples have no class.

    A sample has none, whatever its number says, where its largest score is not finite.
    """

    numbers: Array
    outputs: int
    unknown: Array

    def check(self) -> None:
        """Raise a NotFiniteError when a sample has no class; waits for the device."""
        _check(int(self.unknown), self.numbers.shape[0])


def _check(unknown: int, count: int) -> None:
    if unknown:
        raise NotFiniteError(f"scores must be finite; those of {unknown:,} of {count:,} are not")


def predicted_classes(predict: Callable[[Array], Array], x: Array, batch_size: int) -> Classes:
    """Return the class of each sample.

    Parameters
    ----------
    predict : callable
        Returns the scores of a batch, shape (N, C), or (C,) for one sample.
    x : array, shape (N, ...), or (D,) for one sample
        Inputs; no more than `batch_size` of them are evaluated at a time.

    Raises
    ------
    TypeError
        When `batch_size` is no whole number.
    ValueError
        When there is no sample, or `batch_size` is less than 1.
    """
    batch_size = whole("batch_size", batch_size)
    if x.ndim < 2:
        y = labels.batched(predict(x))
        return Classes(_classes(y), y.shape[1], _unknown(y))
    count = x.shape[0]
    if count == 0:
        raise ValueError(f"`x` must hold 1 or more samples; got {shape(x)}")
    parts = [slice(i, min(i + batch_size, count)) for i in range(0, count, batch_size)]
    scores = (labels.batched(predict(x[part, ...])) for part in parts)
    found = [Classes(_classes(y), y.shape[1], _unknown(y)) for y in scores]
    numbers = namespace(found[0].numbers).concat([part.numbers for part in found])
    return Classes(numbers, found[0].outputs, sum((p.unknown for p in found[1:]), found[0].unknown))


def share_of(classes: Classes, wanted: Array) -> float:
    """Return the fraction of equal entries; waits for the device once.

    Raises
    ------
    NotFiniteError
        When a sample has no class.
    """
    numbers = classes.numbers
    xp = namespace(numbers)
    if not isdtype(xp, wanted.dtype, "integral"):  # the targets of one output
        numbers = xp.astype(numbers, wanted.dtype)
    hits = xp.count_nonzero(numbers == wanted)
    known = int(xp.where(classes.unknown > 0, -classes.unknown, hits))
    _check(max(0, -known), wanted.shape[0])
    return float(known / wanted.shape[0])


def _unknown(y: Array) -> Array:
    """Return how many of (N, C) scores have no finite largest one, a 0-d array."""
    xp = namespace(y)
    unknown = ~xp.isfinite(xp.max(y, axis=1))
    index = default_dtype(y, "indexing")
    return xp.sum(xp.astype(unknown, index), dtype=index)


def _classes(y: Array) -> Array:
    """Return the number of the largest of (N, C) scores; of one, whether it is positive."""
    xp = namespace(y)
    if y.shape[1] > 1:
        return xp.argmax(y, axis=1)
    return xp.astype(y[:, 0] > 0, default_dtype(y, "indexing"))
