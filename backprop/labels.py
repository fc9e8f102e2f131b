"""Labels in every form: class numbers `(N,)` or `(N, 1)`, one-hot or soft rows `(N, C)`.

A single sample, `(C,)`, may carry a number, a one-element array or one row. Outputs with one
column are no classes: labels are then the targets themselves.
"""

import math
from functools import lru_cache
from typing import Any

import backends
from backends import Array, DType, device, is_host, isdtype, namespace
from backprop.arrays import default_dtype, is_array, shape

_ROUNDED = 1e-3  # by so much a soft label may be too large or too small


def batched(y: Array) -> Array:
    """Return outputs as (N, C): one sample `(C,)` becomes a batch of one.

    Raises
    ------
    ValueError
        When `y` has neither of these shapes, or no sample or no class.
    """
    if y.ndim == 1:
        y = namespace(y).reshape(y, (1, -1))
    if y.ndim != 2 or 0 in y.shape:
        raise ValueError(f"outputs must have shape (N, C) or (C,), N and C >= 1; got {shape(y)}")
    return y


def one_hot(t: Array, num_classes: int, dtype: DType) -> Array:
    """Return class numbers `t` of any shape as one-hot rows, shape `t.shape` + (C,)."""
    xp = namespace(t)
    if not isdtype(xp, t.dtype, "integral"):
        raise TypeError(f"class labels must be integers; got {t.dtype}")
    index = default_dtype(t, "indexing")
    t = t if t.dtype == index else xp.astype(t, index)
    if backends.host().holds(t):
        rows = t[..., None] == _class_numbers(num_classes)
        if int(xp.count_nonzero(rows)) != math.prod(t.shape):
            check_range(t, num_classes)
    else:
        rows = t[..., None] == xp.arange(num_classes, dtype=t.dtype, device=device(t))
        if is_host(t):
            check_range(t, num_classes)  # with no operation of the library's
    return xp.astype(rows, dtype)


@lru_cache(maxsize=8)
def _class_numbers(num_classes: int) -> Array:
    """Return 0..C-1 on the host, to be read only: made once."""
    return backends.host().xp.arange(num_classes)


def check_range(t: Array, num_classes: int) -> None:
    """Raise a ValueError unless all class numbers are in 0..C-1; waits for the device."""
    if 0 in t.shape:
        return
    _check_limits(backends.of(t).to_numpy(t), num_classes)


def _check_limits(t: Any, num_classes: int) -> None:
    low, high = int(t.min()), int(t.max())
    if low < 0 or high >= num_classes:
        wrong = low if low < 0 else high
        raise ValueError(f"labels must be in 0..{num_classes - 1}; got {wrong}")


def check_targets(t: Array, most: float) -> None:
    """Raise a ValueError unless soft or one-hot labels are in 0..most; waits for the device.

    Parameters
    ----------
    t : array, real
        They may be rounded a little beyond.
    most : float
        1 where each is a probability, infinity where they are weights of classes.
    """
    xp = namespace(t)
    if 0 in t.shape or isdtype(xp, t.dtype, "bool"):  # which are 0 and 1
        return
    low, high = float(xp.min(t)), float(xp.max(t))
    if low < -_ROUNDED or high > most + _ROUNDED:
        limits = "0 or more" if math.isinf(most) else f"in [0, {most:g}]"
        wrong = low if low < -_ROUNDED else high
        raise ValueError(f"soft and one-hot labels must be {limits}; got {wrong:g}")


def are_classes(t: Array, y_shape: tuple[int, ...]) -> bool:
    """Tell whether `t` numbers the classes of outputs of shape (N, C), or holds (N, C) targets.

    Raises
    ------
    TypeError
        When class numbers are no integers.
    ValueError
        When `t` fits neither.
    """
    n, c = y_shape
    if t.shape == y_shape:
        return False
    if t.shape in ((n,), (n, 1)) or (n == 1 and t.shape in ((), (c,))):
        rows = c == 1 or (n == 1 and t.shape == (c,))
        if not rows and not isdtype(namespace(t), t.dtype, "integral"):
            raise TypeError(f"labels of shape {shape(t)} must be integers; got {t.dtype}")
        return not rows
    raise ValueError(
        f"labels must have shape ({n},), ({n}, 1) or ({n}, {c}), one label a sample; got {shape(t)}"
    )


def as_labels(t: Any, y: Array) -> Array:
    """Return labels as an array where `y` is; numbers and sequences come over, arrays must be.

    Raises
    ------
    TypeError
        When `t` is an array of another library.
    """
    if not is_array(t):
        return namespace(y).asarray(t, device=device(y))
    namespace(y, t)
    return t


def targets(t: Any, y: Array) -> Array:
    """Return the rows alone of `target_rows`."""
    return target_rows(t, y)[0]


def target_rows(t: Any, y: Array) -> tuple[Array, bool]:
    """Return labels as targets of the shape (N, C), dtype and device of the outputs `y`.

    With them, whether they are known to be one-hot, because `t` numbers classes.

    Raises
    ------
    TypeError
        When class numbers are no integers, or `t` is of another library.
    ValueError
        When `t` has the wrong shape; on host arrays also when a label is out of range.
    """
    xp = namespace(y)
    t = as_labels(t, y)
    if are_classes(t, y.shape):
        t = t if t.ndim == 1 else xp.reshape(t, (y.shape[0],))
        return one_hot(t, y.shape[1], y.dtype), True
    if isdtype(xp, t.dtype, "complex floating"):
        raise TypeError(f"labels must be real; got {t.dtype}")
    t = xp.reshape(t, y.shape)
    return xp.astype(t, y.dtype, copy=False), False


def classes(t: Array, y_shape: tuple[int, ...]) -> Array:
    """Return labels as class numbers, shape (N,); rows give their largest entry."""
    xp = namespace(t)
    numbered = are_classes(t, y_shape)
    if numbered and is_host(t):
        check_range(t, y_shape[1])
    if numbered or y_shape[1] == 1:
        return xp.reshape(t, (y_shape[0],))
    return xp.argmax(xp.reshape(t, y_shape), axis=1)
