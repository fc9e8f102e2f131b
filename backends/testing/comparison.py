"""Compare an array with the values on the host that it is held to, and say what is wrong."""

from typing import Any, NamedTuple

import numpy as np

from backends.backend import Backend
from backends.namespace import Array, DType


class Tolerance(NamedTuple):
    """Relative and absolute tolerance of floating values; where None stands, that of the dtype."""

    rtol: float | None = None
    atol: float | None = None

    def of(self, dtype: str) -> tuple[float, float]:
        """Return both for a floating dtype: 1e-12 for float64, 1e-5 for narrower ones.

        Raises
        ------
        ValueError
            When one is negative or not a number.
        """
        usual = 1e-12 if dtype in ("float64", "complex128") else 1e-5
        both = [usual if given is None else given for given in self]
        if not all(tolerance >= 0 for tolerance in both):
            raise ValueError(f"tolerances must be 0 or more; got {self.rtol} and {self.atol}")
        return both[0], both[1]


def mismatch(
    backend: Backend, actual: Array, expected: Any, dtype: DType, tolerance: Tolerance
) -> str | None:
    """Return what is wrong with `actual`, or None: library, device, dtype, shape, then values."""
    try:
        backend.require(actual, "result")
    except TypeError as error:
        return str(error).partition("; convert")[0]
    if actual.dtype != dtype:
        return f"dtype must be {dtype}; got {actual.dtype}"
    if tuple(actual.shape) != expected.shape:
        return f"shape must be {expected.shape}; got {tuple(actual.shape)}"
    if not backend.has_values:
        return None
    host = backend.to_numpy(actual)
    if expected.dtype.kind not in "fc":
        return _difference(host, expected, 0.0, 0.0)
    return _difference(host, expected, *tolerance.of(host.dtype.name))


def _difference(actual: Any, expected: Any, rtol: float, atol: float) -> str | None:
    close = np.isclose(actual, expected, rtol=rtol, atol=atol, equal_nan=True)
    if close.all():
        return None
    distance = np.where(close, -1.0, np.abs(np.subtract(actual, expected, dtype="complex128")))
    worst = np.unravel_index(np.argmax(np.nan_to_num(distance, nan=np.inf)), distance.shape)
    where = f" at {tuple(int(i) for i in worst)}" if worst else ""
    return (
        f"{np.count_nonzero(~close)} of {close.size} values differ; the worst{where} must be "
        f"{expected[worst]:.12g}; got {actual[worst]:.12g}"
    )
