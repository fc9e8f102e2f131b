"""Confusion matrix of a classifier."""

from backends import Array, namespace
from backprop import functions
from backprop.arrays import shape


def confusion_matrix(t: Array, predicted: Array, num_classes: int) -> Array:
    """Return how often class i was predicted as class j.

    Parameters
    ----------
    t, predicted : array, integer, shape (N,)
        True and predicted class numbers.
    num_classes : int
        C.

    Returns
    -------
    array, floating, shape (C, C)
        Row i: the samples of class i. Whole numbers, in the library's default floating dtype.

    Raises
    ------
    TypeError
        When they are no integers, or of two libraries.
    ValueError
        When they have another shape than (N,), or a number is no class.

    Examples
    --------
    >>> import numpy as np
    >>> confusion_matrix(np.array([0, 1, 1]), np.array([0, 1, 0]), 2)
    array([[1., 0.],
           [1., 1.]])
    """
    xp = namespace(t, predicted)
    if t.ndim != 1 or t.shape != predicted.shape:
        raise ValueError(
            f"`t` and `predicted` must have one shape (N,); got {shape(t)} and {shape(predicted)}"
        )
    rows = functions.one_hot(t, num_classes)
    return xp.matrix_transpose(rows) @ functions.one_hot(predicted, num_classes)
