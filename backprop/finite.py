"""What must be finite and is not: nan or infinity, found and said."""

from backends import Array, isdtype, namespace


class NotFiniteError(ValueError):
    """Data, a parameter, a score or a loss is nan or infinite where that can't be."""


def all_finite(x: Array) -> bool:
    """Tell whether an array holds neither nan nor infinity; waits for the device."""
    xp = namespace(x)
    if isdtype(xp, x.dtype, ("integral", "bool")):
        return True
    return bool(xp.all(xp.isfinite(x)))


def check_finite(x: Array, name: str) -> None:
    """Raise a NotFiniteError that names `x` unless it is finite; waits for the device."""
    if all_finite(x):
        return
    xp = namespace(x)
    what, count = "nan", int(xp.count_nonzero(xp.isnan(x)))
    if not count:
        what, count = "infinity", int(xp.count_nonzero(~xp.isfinite(x)))
    raise NotFiniteError(f"`{name}` must be finite; got {what}, {count} times")
