"""What must be finite and is not: nan or infinity, found and said."""

import backends
from backends import Array, isdtype, namespace
from backprop.arrays import default_dtype


class NotFiniteError(ValueError):
    """Data, a parameter, a score or a loss is nan or infinite where that can't be."""


def all_finite(x: Array) -> bool:
    """Tell whether an array holds neither nan nor infinity; waits for the device."""
    xp = namespace(x)
    if isdtype(xp, x.dtype, ("integral", "bool")) or not backends.of(x).has_values:
        return True
    return bool(xp.all(xp.isfinite(x)))


def check_finite(x: Array, name: str) -> None:
    """Raise a NotFiniteError that names `x` unless it is finite; waits for the device."""
    if all_finite(x):
        return
    xp = namespace(x)
    index = default_dtype(x, "indexing")
    what, count = "nan", int(xp.sum(xp.astype(xp.isnan(x), index), dtype=index))
    if not count:
        what, count = "infinity", int(xp.sum(xp.astype(~xp.isfinite(x), index), dtype=index))
    raise NotFiniteError(f"`{name}` must be finite; got {what}, {count} times")
