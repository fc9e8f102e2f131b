"""Large arrays looked at piece by piece: nothing of their size is made on the way."""

import hashlib
import math
from collections.abc import Iterator
from types import EllipsisType
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

import backends
from backprop.arrays import is_array, widened

Floats = npt.NDArray[np.float64]

Slab: TypeAlias = tuple[slice | EllipsisType, ...]
"""What selects a part of an array."""

PIECE = 1 << 16
"""Entries of a piece."""


def flat_host(x: Any) -> npt.NDArray[Any]:
    """Return an array, or a number, flat on the host: not a copy, where none is needed.

    Truth values come as integers, which can be subtracted.
    """
    flat = np.asarray(_seen(x) if is_array(x) else x).reshape(-1)
    return flat.view(np.int8) if flat.dtype == bool else flat


def _seen(x: Any) -> Any:
    """Return the memory of an array, if NumPy can see it; else a copy."""
    if isinstance(x, np.ndarray | np.generic):
        return x
    try:
        host = np.from_dlpack(x)
    except Exception:  # on a device, in a dtype that NumPy lacks, or differentiated by its library
        try:
            host = backends.of(x).to_numpy(x)
        except TypeError:  # bfloat16
            return backends.of(x).to_numpy(widened(x))
    return host if host.dtype.kind in "biufc" else backends.of(x).to_numpy(widened(x))


def flat64(x: Any) -> Floats:
    """Return an array, or a number, flat in float64: not a copy, where none is needed."""
    return np.asarray(flat_host(x), dtype=np.float64)


def pieces(*arrays: Any) -> Iterator[tuple[Floats, ...]]:
    """Yield arrays of one size piece by piece, in float64."""
    flat = [flat_host(x) for x in arrays]
    for start in range(0, flat[0].size, PIECE):
        yield tuple(np.asarray(x[start : start + PIECE], dtype=np.float64) for x in flat)


def largest(x: Any) -> float:
    """Return the largest size of an entry; nan where one is nan."""
    return _largest(part for (part,) in pieces(x))


def finite(x: Any) -> bool:
    """Tell whether all entries are finite."""
    return all(np.isfinite(part).all() for (part,) in pieces(x))


def farthest(a: Any, b: Any, factor: float = 1.0) -> float:
    """Return the largest entry of |a - factor b|; nan where one is nan."""
    with np.errstate(over="ignore", invalid="ignore"):  # inf - inf is nan, as it should be
        return _largest(p - factor * q for p, q in pieces(a, b))


def product(a: Any, b: Any) -> float:
    """Return Σ a b."""
    return float(sum(p @ q for p, q in pieces(a, b)))


def largest_product(a: Any, b: Any) -> float:
    """Return the largest size of a product of two entries; nan where one is nan."""
    return _largest(p * q for p, q in pieces(a, b))


def _largest(parts: Iterator[Floats]) -> float:
    return float(np.max([np.abs(part).max() for part in parts], initial=0.0))  # `max` may lose nan


def norm(x: Any) -> float:
    """Return √Σ x², of large numbers too."""
    size = largest(x) or 1.0
    return size * math.sqrt(sum(float((part / size) @ (part / size)) for (part,) in pieces(x)))


def slabs(shape: tuple[int, ...]) -> Iterator[Slab]:
    """Yield what selects an array of a shape slab by slab, along its longest axis."""
    if not shape:
        yield ()
        return
    axis = shape.index(max(shape))
    thick = max(1, PIECE * shape[axis] // max(1, math.prod(shape)))
    for start in range(0, shape[axis], thick):
        yield (*[slice(None)] * axis, slice(start, min(start + thick, shape[axis])), ...)


def top(x: Any, count: int) -> npt.NDArray[np.intp]:
    """Return the flat indices of the entries largest in size, the largest first."""
    found, sizes, start = np.zeros(0, np.intp), np.zeros(0), 0
    for (part,) in pieces(x):
        size = np.abs(np.nan_to_num(part))
        best = np.argpartition(size, -count)[-count:] if count < size.size else np.arange(size.size)
        found, sizes = np.concatenate([found, start + best]), np.concatenate([sizes, size[best]])
        order = np.argsort(-sizes, kind="stable")[:count]
        found, sizes, start = found[order], sizes[order], start + part.size
    return found


def among_nonzero(x: Any, count: int, rng: np.random.Generator) -> npt.NDArray[np.intp]:
    """Return the flat indices of entries that are not 0, drawn by chance."""
    counts = [int(np.count_nonzero(part)) for (part,) in pieces(x)]
    total = sum(counts)
    ranks = np.sort(rng.choice(total, min(count, total), replace=False)).tolist() if total else []
    found, passed, start = [], 0, 0
    for own, (part,) in zip(counts, pieces(x), strict=True):
        here = [rank - passed for rank in ranks if passed <= rank < passed + own]
        if here:
            found += (start + np.flatnonzero(part)[here]).tolist()
        passed, start = passed + own, start + part.size
    return np.asarray(found, dtype=np.intp)


def same(a: Any, b: Any) -> bool:
    """Tell whether two arrays hold the same values, nan at the same places included."""
    one, two = flat_host(a), flat_host(b)
    if getattr(a, "shape", ()) != getattr(b, "shape", ()):
        return False
    nan = one.dtype.kind in "fc" and two.dtype.kind in "fc"
    return all(
        np.array_equal(one[i : i + PIECE], two[i : i + PIECE], equal_nan=nan)
        for i in range(0, one.size, PIECE)
    )


def fingerprint(x: Any) -> bytes:
    """Return what tells whether an array, or a number, still has the same values."""
    made = hashlib.blake2b(repr(getattr(x, "shape", ())).encode(), digest_size=16)
    for (part,) in pieces(x):
        made.update((part + 0.0).tobytes())  # -0.0 is 0.0
    return made.digest()
