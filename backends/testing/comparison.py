"""Compare an array with the values that it is held to, and say what is wrong."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..backend import Backend
from ..host import short_name
from ..namespace import Array, DType
from ..selection import of

Limit = float | Mapping[str, float] | None
"""A tolerance: for all dtypes, by the name of the dtype, or the usual one."""


_USUAL = {"float64": 1e-12, "float16": 5e-3}


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

    def or_else(self, atol: float) -> "Tolerance":
        """Return itself with an absolute one for float32, in units of `eps` the same for float64.

        Whatever was given stays.
        """
        ratio = float(np.finfo("float64").eps / np.finfo("float32").eps)
        if self.atol is not None and not isinstance(self.atol, Mapping):
            return self
        return Tolerance(self.rtol, {"float32": atol, "float64": atol * ratio, **(self.atol or {})})

    def checked(self) -> "Tolerance":
        """Return itself.

        Raises
        ------
        ValueError
            When a tolerance is negative, not a number, or for something that is no dtype.
        """
        for limit in self:
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
) -> str | None:
    """Return what is wrong with `actual`, or None: library, device, dtype, shape, then values.

    `accepted` are the dtypes that it may have, the one to name first.
    """
    try:
        backend.require(actual, "result")
    except TypeError as error:
        return str(error).partition("; convert")[0]
    if actual.dtype not in accepted:
        return f"dtype must be {accepted[0]}; got {actual.dtype}"
    host = backend.to_numpy(actual) if backend.has_values else actual  # dask learns its shape so
    if tuple(host.shape) != expected.shape:
        return f"shape must be {expected.shape}; got {tuple(host.shape)}"
    return difference(host, expected, tolerance) if backend.has_values else None


def difference(actual: Any, expected: Any, tolerance: Tolerance) -> str | None:
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
            close = np.isclose(actual, wanted, rtol=rtol, atol=atol, equal_nan=True)
            usual = tolerance.of(floating.dtype.name)[1]
            if np.all(np.abs(actual) <= usual) and np.all(np.abs(wanted) <= usual):
                hint = f"; if that is rounding, give `atol`, {usual:g} for instance"
    if close.all():
        return None
    actual, expected = np.broadcast_arrays(actual, expected)
    with np.errstate(all="ignore"):
        apart = np.abs(np.subtract(actual, expected, dtype="complex128"))
    distance = np.where(close, -1.0, np.nan_to_num(apart, nan=np.inf))
    worst = np.unravel_index(np.argmax(distance), distance.shape)
    where = f" at {tuple(int(i) for i in worst)}" if worst else ""
    return (
        f"{np.count_nonzero(~close)} of {close.size} values differ; the worst{where} must be "
        f"{expected[worst]:.12g}; got {actual[worst]:.12g}{hint}"
    )


def assert_close(
    actual: Array,
    desired: Array,
    *,
    rtol: Limit = None,
    atol: Limit = None,
    err_msg: str = "",
    check_namespace: bool = True,
    check_device: bool = True,
    check_dtype: bool = True,
    check_shape: bool = True,
    check_scalar: bool = False,
) -> None:
    """Assert that an array is like another: library, device, dtype, shape, and then values.

    Parameters are those of `array_api_extra.testing.assert_close`, so that a suite can move test by
    test; here the device is compared too.

    Parameters
    ----------
    actual : array
        What a function gave.
    desired : array
        What it should give. Without `check_namespace` of any library, or a number or nested list.
    rtol, atol : float or mapping of dtype to float, optional
        1e-12 in float64 and 1e-5 in narrower dtypes, if not given. Integers and booleans must be
        equal.
    err_msg : str, optional
        Printed in front of what is wrong.
    check_namespace, check_device, check_dtype, check_shape : bool
        Whether each must be the same. Without the shape, the two are broadcast.
    check_scalar : bool
        Whether NumPy's scalars differ from its arrays without dimensions.

    Raises
    ------
    AssertionError
        When one of them differs; the message says which.

    Examples
    --------
    >>> import numpy as np
    >>> assert_close(np.asarray([0.1 + 0.2]), np.asarray([0.3]))
    >>> assert_close(np.asarray([1]), np.asarray([1.0]))
    Traceback (most recent call last):
        ...
    AssertionError: dtype must be float64; got int64
    """
    tolerance = Tolerance(rtol, atol).checked()
    wrong = _unlike(
        actual,
        desired,
        check_namespace=check_namespace,
        check_device=check_device and check_namespace,
        check_dtype=check_dtype,
        check_scalar=check_scalar,
    )
    wrong = wrong or _apart(actual, desired, tolerance, check_shape)
    assert not wrong, f"{err_msg}: {wrong}" if err_msg else wrong


def _backend(x: Any) -> Backend | None:
    try:
        return of(x)
    except TypeError:
        return None


def _unlike(
    actual: Any,
    desired: Any,
    *,
    check_namespace: bool,
    check_device: bool,
    check_dtype: bool,
    check_scalar: bool,
) -> str | None:
    """Return in what `actual` is unlike `desired`, values and shape left out."""
    got, wanted = _backend(actual), _backend(desired)
    if got is None or (wanted is None and check_namespace):
        kind = type(actual if got is None else desired).__name__
        return f"both must be arrays; got {kind}"
    if wanted is None:
        return None
    if check_namespace and got.library != wanted.library:
        return f"must be an array of {wanted.name}; got one of {got.name}"
    if check_device and got.device != wanted.device:
        return f"device must be {wanted.device_name}; got {got.device_name}"
    if check_scalar and isinstance(actual, np.generic) != isinstance(desired, np.generic):
        return f"must be a {type(desired).__name__}; got {type(actual).__name__}"
    names = [short_name(x.dtype) for x in (desired, actual)]
    return (
        f"dtype must be {names[0]}; got {names[1]}" if check_dtype and len({*names}) > 1 else None
    )


def _apart(actual: Any, desired: Any, tolerance: Tolerance, check_shape: bool) -> str | None:
    """Return how the shapes or the values of two arrays differ, or None."""
    backends = [_backend(x) for x in (actual, desired)]
    shapes = [
        tuple(x.shape) if b else np.shape(x)
        for x, b in zip((actual, desired), backends, strict=True)
    ]
    if check_shape and shapes[0] != shapes[1]:
        return f"shape must be {shapes[1]}; got {shapes[0]}"
    if not all(b is None or b.has_values for b in backends):
        return None
    got, wanted = (
        np.asarray(x) if b is None else b.to_numpy(x)
        for x, b in zip((actual, desired), backends, strict=True)
    )
    return difference(got, wanted, tolerance)
