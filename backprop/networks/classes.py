"""Class numbers from scores, in batches."""

from collections.abc import Callable

from backends import Array, isdtype, namespace
from backprop import labels
from backprop.arrays import default_dtype, shape


def predicted_classes(
    predict: Callable[[Array], Array], x: Array, batch_size: int
) -> tuple[Array, int]:
    """Return the class of each sample, shape (N,), and how many outputs there are.

    Parameters
    ----------
    predict : callable
        Returns the scores of a batch, shape (N, C), or (C,) for one sample.
    x : array, shape (N, ...), or (D,) for one sample
        Inputs; no more than `batch_size` of them are evaluated at a time.

    Raises
    ------
    ValueError
        When there is no sample, or `batch_size` is less than 1.
    """
    if batch_size < 1:
        raise ValueError(f"`batch_size` must be 1 or more; got {batch_size}")
    if x.ndim < 2:
        y = labels.batched(predict(x))
        return _classes(y), y.shape[1]
    count = x.shape[0]
    if count == 0:
        raise ValueError(f"`x` must hold 1 or more samples; got {shape(x)}")
    parts = [slice(i, min(i + batch_size, count)) for i in range(0, count, batch_size)]
    scores = (labels.batched(predict(x[part, ...])) for part in parts)
    found = [(_classes(y), y.shape[1]) for y in scores]
    return namespace(found[0][0]).concat([classes for classes, _ in found]), found[0][1]


def share_of(classes: Array, wanted: Array) -> float:
    """Return the fraction of equal entries; waits for the device."""
    xp = namespace(classes)
    if not isdtype(xp, wanted.dtype, "integral"):  # the targets of one output
        classes = xp.astype(classes, wanted.dtype)
    return float(int(xp.count_nonzero(classes == wanted)) / wanted.shape[0])


def _classes(y: Array) -> Array:
    """Return the number of the largest of (N, C) scores; of one, whether it is positive."""
    xp = namespace(y)
    if y.shape[1] > 1:
        return xp.argmax(y, axis=1)
    return xp.astype(y[:, 0] > 0, default_dtype(y, "indexing"))
