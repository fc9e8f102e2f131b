"""Compare an array with the values that it is held to, and say what is wrong."""

from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any, NamedTuple

import numpy as np

from ..backend import Backend
from ..host import short_name
from ..namespace import Array, DType
from ..selection import of

Limit = float | Mapping[str, float] | None
"""A tolerance: for all dtypes, by the name of the dtype, or the usual one."""


_USUAL = {"float64": 1e-12, "float16": 5e-3, "bfloat16": 4e-2}


class Tolerance(NamedTuple):
    """Relative and absolute tolerance of floating values; where None stands, that of the dtype."""

    rtol: Limit = None
    atol: Limit = None

    def of(self, dtype: str) -> tuple[float, float]:
        """Return both for a dtype: 1e-12 for float64 and complex128, 1e-5 for float32.

        Raises
        ------
        ValueError
            When one is negative or not a number.
        """
        real = _real(dtype)
        usual = _USUAL.get(real, 1e-5)
        both = [_limit(limit, real) for limit in self]
        if not all(limit is None or limit >= 0 for limit in both):
            raise ValueError(f"tolerances must be 0 or more; got {self.rtol} and {self.atol}")
        rtol, atol = (usual if limit is None else float(limit) for limit in both)
        return rtol, atol

    def at(self, dtype: str, expected: Any) -> tuple[float, float]:
        """Return both for a dtype and values: those small throughout aren't let off by the usual.

        Where no absolute one is given, it shrinks with the largest value, if that is below 1.
        """
        rtol, atol = self.of(dtype)
        if _limit(self.atol, _real(dtype)) is None:
            atol *= magnitude(expected)
        return rtol, atol

    def of_bfloat16(self) -> "Tolerance":
        """Return that for bfloat16, whose values are compared in float32."""
        return Tolerance(self.of("bfloat16")[0], _limit(self.atol, "bfloat16"))

    def is_given(self, dtype: str) -> bool:
        """Tell whether an absolute one is given for a dtype."""
        return _limit(self.atol, _real(dtype)) is not None

    def checked(self) -> "Tolerance":
        """Return itself.

        Raises
        ------
        TypeError
            When a tolerance is neither a number nor a mapping of dtypes to numbers.
        ValueError
            When a tolerance is negative, NaN, or for something that is no dtype.
        """
        for limit in self:
            for each in limit.values() if isinstance(limit, Mapping) else (limit,):
                if each is not None and not isinstance(each, Real):
                    raise TypeError(f"tolerances must be numbers, or by dtype; got {limit!r}")
            for dtype in limit if isinstance(limit, Mapping) else ():
                if dtype not in ("float16", "float32", "float64", "bfloat16"):
                    raise ValueError(f"tolerances must be by floating dtype; got {dtype!r}")
                self.of(dtype)
        self.of("float64")
        return self


def magnitude(values: Any) -> float:
    """Return the largest finite absolute value, 1 where that is larger, or all are 0."""
    finite = np.abs(values[np.isfinite(values)])
    return min(1.0, float(finite.max(initial=0.0)) or 1.0)


def _real(dtype: str) -> str:
    return {"complex128": "float64", "complex64": "float32"}.get(dtype, dtype)


def _limit(limit: Limit, dtype: str) -> float | None:
    return limit.get(dtype) if isinstance(limit, Mapping) else limit


def mismatch(
    backend: Backend,
    actual: Array,
    expected: Any,
    accepted: Sequence[DType],
    tolerance: Tolerance,
    slack: Any = 0.0,
) -> str | None:
    """Return what is wrong with `actual`, or None: library, device, dtype, shape, then values.

    `accepted` are the dtypes that it may have, the one to name first; `slack` is added to the
    absolute tolerance, of each value by itself where it is an array.
    """
    try:
        backend.require(actual, "result")
    except TypeError as error:
        return str(error).partition("; convert")[0]
    if actual.dtype not in accepted:
        return f"dtype must be {accepted[0]}; got {actual.dtype}"
    host = on_host(backend, actual) if backend.has_values else actual  # dask learns its shape so
    if tuple(host.shape) != expected.shape:
        return f"shape must be {expected.shape}; got {tuple(host.shape)}"
    if short_name(actual.dtype) == "bfloat16":
        tolerance = tolerance.of_bfloat16()
    return difference(host, expected, tolerance, slack=slack) if backend.has_values else None


def on_host(backend: Backend, x: Array) -> Any:
    """Return the values of an array; bfloat16, which NumPy has not, in float32."""
    is_half = short_name(x.dtype) == "bfloat16"
    return backend.to_numpy(backend.xp.astype(x, backend.xp.float32) if is_half else x)


def _same_parts(actual: Any, expected: Any, rtol: float, atol: float) -> Any:
    """Tell of which values the real and the imaginary part are NaN in the same places.

    The part that is a number must be close there; NumPy takes all that have a NaN for alike.
    """
    if "c" not in (actual.dtype.kind, expected.dtype.kind):
        return True
    either = np.isnan(actual) | np.isnan(expected)
    parts = [(np.real(actual), np.real(expected)), (np.imag(actual), np.imag(expected))]
    alike = [np.isclose(a, b, rtol=rtol, atol=atol, equal_nan=True) for a, b in parts]
    return ~either | (alike[0] & alike[1])


def on_any_host(x: Any) -> Any:
    """Return the values of an array of any library; None where there are none to be had."""
    try:
        backend = of(x)
        return on_host(backend, x) if backend.has_values else None
    except Exception:  # a sparse one, one of a library that is not known
        return None


def difference(
    actual: Any,
    expected: Any,
    tolerance: Tolerance,
    equal_nan: bool = True,
    slack: Any = 0.0,
) -> str | None:
    """Return how far two NumPy arrays are apart, or None; integers and booleans must be equal.

    What `expected` holds that is too large for the dtype of `actual` is infinite there.
    """
    hint = ""
    if actual.dtype.kind not in "fc" and expected.dtype.kind not in "fc":
        close = np.equal(actual, expected)
    else:
        floating = actual if actual.dtype.kind in "fc" else expected
        with np.errstate(all="ignore"):  # infinities
            alike = expected.dtype.kind == floating.dtype.kind
            wanted = expected.astype(floating.dtype) if alike else expected
            rtol, atol = tolerance.at(floating.dtype.name, wanted)
            close = np.isclose(actual, wanted, rtol=rtol, atol=atol + slack, equal_nan=equal_nan)
            close &= _same_parts(actual, wanted, rtol, atol)  # with no slack: it is 0 beside NaN
            usual = tolerance.of(floating.dtype.name)[1]
            if np.all(np.abs(actual) <= usual) and np.all(np.abs(wanted) <= usual):
                hint = f"; if that is rounding, give `atol`, {usual:g} for instance"
    if close.all():
        return None
    actual, expected = np.broadcast_arrays(actual, expected)
    with np.errstate(all="ignore"):
        apart = np.abs(actual.astype("complex128") - expected.astype("complex128"))
    distance = np.where(close, -1.0, np.nan_to_num(apart, nan=np.inf))
    worst = np.unravel_index(np.argmax(distance), distance.shape)
    where = f" at {tuple(int(i) for i in worst)}" if worst else ""
    wanted, got = (
        f"{x[worst]}" if x.dtype.kind in "iuO" else f"{x[worst]:.12g}" for x in (expected, actual)
    )
    return (
        f"{np.count_nonzero(~close)} of {close.size} values differ; the worst{where} must be "
        f"{wanted}; got {got}{hint}"
    )
