"""What an array must be, beside the values on the host that it is held to."""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from backends.namespace import Array, DType

if TYPE_CHECKING:
    from backends.testing.cases import Case


class Tolerance(NamedTuple):
    """Relative and absolute tolerance; where None stands, what suits the dtype and the other."""

    rtol: float | None = None
    atol: float | None = None

    def of(self, dtype: str) -> tuple[float, float]:
        """Return both for a floating dtype: 1e-12 for float64, 1e-5 for narrower ones.

        An absolute tolerance that is not given is no less than the relative one.
        """
        usual = 1e-12 if dtype == "float64" else 1e-5
        rtol = usual if self.rtol is None else self.rtol
        return rtol, max(usual, rtol) if self.atol is None else self.atol


def mismatch(
    case: "Case", actual: Array, expected: Any, dtype: DType, tolerance: Tolerance
) -> str | None:
    """Return what is wrong with `actual`, or None: library, device, dtype, shape, then values."""
    try:
        case.backend.require(actual, "result")
    except TypeError as error:
        return str(error).partition("; convert")[0]
    if actual.dtype != dtype:
        return f"dtype must be {dtype}; got {actual.dtype}"
    if tuple(actual.shape) != expected.shape:
        return f"shape must be {expected.shape}; got {tuple(actual.shape)}"
    if not case.has_values:
        return None
    return _difference(case.numpy(actual), expected, *tolerance.of(case.dtype))


def _difference(actual: Any, expected: Any, rtol: float, atol: float) -> str | None:
    close = np.isclose(actual, expected, rtol=rtol, atol=atol, equal_nan=True)
    if close.all():
        return None
    distance = np.where(close, -1.0, np.abs(np.subtract(actual, expected, dtype="complex128")))
    worst = np.unravel_index(np.argmax(np.nan_to_num(distance, nan=np.inf)), distance.shape)
    where = f" at {tuple(int(i) for i in worst)}" if worst else ""
    return (
        f"{np.count_nonzero(~close)} of {close.size} values differ; the worst{where} must be "
        f"{expected[worst]:.8g}; got {actual[worst]:.8g}"
    )
