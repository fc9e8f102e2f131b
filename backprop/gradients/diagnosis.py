"""Why a gradient is wrong: the simple relations that explain it."""

import itertools
import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

CLOSE = 1e-3
"""By how much, relative to the largest entry, a gradient may miss what explains its shape."""
FITS = 1e-5
"""By how much, relative to the largest entry, a relation may miss the gradient it explains."""
LEFT = 0.1
"""What a relation may leave of the difference to the numerical gradient."""
EXACT = 1e-4
"""How near a factor must lie to -1, or to the number of samples."""
TINY = 1e-4
"""Relative differences below this look like a constant in the code: 1e-7 inside a logarithm."""

UNEXPLAINED = "no simple relation explains it"


def of_shape(given: Floats, shape: tuple[int, ...], numerical: Floats | None) -> str:
    """Say how a gradient of the wrong shape relates to the right one.

    Parameters
    ----------
    given : host array
        The gradient.
    shape : tuple of int
        What its shape must be.
    numerical : host array or None
        The numerical gradient, where it was evaluated.
    """
    said = f"its shape must be {shape}; got {given.shape}"
    if given.shape == shape[::-1] and numerical is not None and _close(given.T, numerical):
        return f"{said}: it is the transpose"
    if given.ndim >= len(shape):
        axes = _summed_axes(given.shape, shape)
        if axes:
            summed = given.sum(axis=axes, keepdims=True).reshape(shape)
            if numerical is not None and _close(summed, numerical):
                return f"{said}: the sum over {_axes(axes)} is missing"
    same_size = math.prod(given.shape) == math.prod(shape)
    if same_size and numerical is not None and _close(given.reshape(shape), numerical):
        return f"{said}: the values are right"
    return said


def _summed_axes(given: tuple[int, ...], shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the axes of `given` over which a sum gives `shape`."""
    added = len(given) - len(shape)
    axes = list(range(added))
    for axis, n in enumerate(shape, start=added):
        if given[axis] != n:
            if n != 1:
                return ()
            axes.append(axis)
    return tuple(axis for axis in axes if given[axis] != 1)


def of_values(
    analytic: Floats,
    numerical: Floats,
    allowed: Floats,
    bad: Mask,
    shape: tuple[int, ...] | None = None,
    inputs: Floats | None = None,
    batch: int | None = None,
    others: Mapping[str, Floats] | None = None,
) -> str:
    """Say how a wrong gradient relates to the numerical one.

    Parameters
    ----------
    analytic, numerical, allowed : host array, shape (n,)
        The two gradients at n coordinates, and by how much they may differ.
    bad : host array of bool, shape (n,)
        Where they differ more.
    shape : tuple of int, optional
        Of the whole gradient, if these are all its coordinates.
    inputs : host array, shape (n,), optional
        What was differentiated by.
    batch : int, optional
        Number of samples.
    others : mapping of str to array, optional
        Analytic gradients by other arrays of the same shape.
    """
    worst = float(abs(analytic - numerical)[bad].max())
    share = f"wrong at {int(bad.sum())} of {bad.shape[0]} coordinates, by up to {worst:.3g}"
    for relation in (
        _zero(analytic),
        _swapped(numerical, allowed, others or {}),
        _factor(analytic, numerical, allowed, batch),
        _transposed(analytic, numerical, allowed, shape),
        _constant(analytic, numerical, allowed),
        _factors_by_axis(analytic, numerical, allowed, shape),
        _region(bad, inputs),
        _tiny(analytic, numerical, bad),
    ):
        if relation:
            return f"{relation} ({share})"
    return f"{share}; {UNEXPLAINED}"


def _close(a: Floats, b: Floats) -> bool:
    scale = max(float(abs(b).max()), 1e-300) if b.size else 1.0
    return bool(a.shape == b.shape and float(abs(a - b).max()) <= CLOSE * scale)


def _fits(analytic: Floats, expected: Floats, allowed: Floats) -> bool:
    """Tell whether `expected` explains a wrong gradient: what is left is small."""
    scale = float(abs(analytic).max())
    return bool((abs(analytic - expected) <= 2.0 * allowed + FITS * scale).all())


def _explains(analytic: Floats, expected: Floats, numerical: Floats) -> bool:
    """Tell whether `expected` leaves little of the difference to the numerical gradient."""
    return float(abs(analytic - expected).max()) <= LEFT * float(abs(analytic - numerical).max())


def _swapped(numerical: Floats, allowed: Floats, others: Mapping[str, Floats]) -> str:
    for name, other in others.items():
        if numerical.any() and (np.abs(other - numerical) <= allowed + FITS * abs(other)).all():
            return f"the gradient by {name} is right here: the two are swapped"
    return ""


def _tiny(analytic: Floats, numerical: Floats, bad: Mask) -> str:
    """Say whether it is off by so little, and so evenly, as a constant in the code does."""
    scale = float(np.abs(numerical).max(initial=0.0))
    off = np.abs(analytic - numerical)
    if not float(off.max()) <= TINY * scale or bad.mean() < 0.5:
        return ""
    relative = float(off.max()) / scale
    return (
        f"it is off by a relative {relative:.1g} nearly everywhere, as a small constant in the "
        "code would do, such as one added inside a logarithm or to a divisor"
    )


def _zero(analytic: Floats) -> str:
    return "" if analytic.any() else "it is zero everywhere"


def _factor(analytic: Floats, numerical: Floats, allowed: Floats, batch: int | None) -> str:
    size = float((numerical * numerical).sum())
    if size == 0.0 or numerical.shape[0] < 2:
        return ""
    factor = float((analytic * numerical).sum()) / size
    if not _fits(analytic, factor * numerical, allowed * max(1.0, abs(factor))):
        return ""
    if not _explains(analytic, factor * numerical, numerical) or f"{factor:.6g}" == "1":
        return ""
    if math.isclose(factor, -1.0, rel_tol=EXACT):
        return "the sign is wrong"
    said = f"it is {factor:.6g} times the numerical gradient"
    if batch is not None and batch > 1:
        if math.isclose(abs(factor), batch, rel_tol=EXACT):
            return f"{said}: it is not divided by the number of samples, {batch}"
        if math.isclose(abs(factor), 1.0 / batch, rel_tol=EXACT):
            return f"{said}: it is divided by the number of samples, {batch}, once too often"
    return f"{said}: a constant factor"


def _transposed(
    analytic: Floats, numerical: Floats, allowed: Floats, shape: tuple[int, ...] | None
) -> str:
    if shape is None or len(shape) != 2 or min(shape) < 2:
        return ""
    a, n, tolerance = (v.reshape(shape) for v in (analytic, numerical, allowed))
    if shape[0] == shape[1]:
        for sign, said in ((1.0, ""), (-1.0, ", with the wrong sign")):
            if _fits(a, sign * n.T, tolerance + tolerance.T):
                return f"it is the transpose of the numerical gradient{said}"
    elif _fits(a.reshape(shape[::-1]).T, n, tolerance):
        return "it is the transpose of the numerical gradient, reshaped"
    for axis in (0, 1):
        turned = n[::-1] if axis == 0 else n[:, ::-1]
        if _fits(a, turned, tolerance.max()) and _explains(a, turned, n):
            return f"it is reversed along axis {axis}"
    return ""


def _constant(analytic: Floats, numerical: Floats, allowed: Floats) -> str:
    difference = analytic - numerical
    if difference.shape[0] < 3:
        return ""
    mean = float(difference.mean())
    if (abs(difference - mean) <= allowed + FITS * abs(mean)).all():
        return f"it is the numerical gradient plus {mean:.6g}"
    return ""


def _factors_by_axis(
    analytic: Floats, numerical: Floats, allowed: Floats, shape: tuple[int, ...] | None
) -> str:
    """Say along which axis a factor varies, or a broadcast or mean went wrong."""
    if shape is None or len(shape) < 2:
        return ""
    a, n, tolerance = (v.reshape(shape) for v in (analytic, numerical, allowed))
    for axis, name in ((a.ndim - 1, "row"), (0, "column")):
        size = (n * n).sum(axis=axis, keepdims=True)
        if shape[axis] < 2 or not size.all():
            continue
        factor = (a * n).sum(axis=axis, keepdims=True) / size
        if _fits(a, factor * n, tolerance) and _explains(a, factor * n, n):
            low, high = float(factor.min()), float(factor.max())
            if f"{low:.4g}" == f"{high:.4g}" == "1":
                continue
            return f"each {name} has a factor of its own, from {low:.4g} to {high:.4g}"
    return ""


def _region(bad: Mask, inputs: Floats | None) -> str:
    """Say whether it is wrong exactly where the input has one sign: a wrong mask."""
    if inputs is None or bad.all():
        return ""
    regions = {
        "negative": inputs < 0,
        "zero": inputs == 0,
        "positive": inputs > 0,
    }
    for count in (1, 2):
        for names in itertools.combinations(regions, count):
            region = regions[names[0]] if count == 1 else regions[names[0]] | regions[names[1]]
            if (bad == region).all():
                return f"it is wrong exactly where the array is {' or '.join(names)}: a wrong mask"
    return ""


def _axes(axes: tuple[int, ...]) -> str:
    names = ", ".join(map(str, axes))
    return f"axis {names}" + (" (the batch)" if axes == (0,) else "") if axes else ""
