"""Assert that two arrays are alike, in the manner of `array_api_extra.testing`."""

from typing import Any

import numpy as np

from ..backend import Backend
from ..host import short_name
from ..namespace import Array
from ..selection import of
from .comparison import Limit, Tolerance, difference, on_host


def assert_close(
    actual: Array,
    desired: Array,
    *,
    rtol: Limit = None,
    atol: Limit = None,
    equal_nan: bool = True,
    err_msg: str = "",
    verbose: bool = True,
    check_namespace: bool = True,
    check_device: bool = True,
    check_dtype: bool = True,
    check_shape: bool = True,
    check_scalar: bool = False,
    xp: Any = None,
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
        1e-12 in float64, 1e-5 in float32, 5e-3 in float16 and 4e-2 in bfloat16, if not given.
        Integers and booleans must be equal.
    equal_nan : bool
        Whether NaN is close to NaN; of complex values each part by itself.
    err_msg : str, optional
        Printed in front of what is wrong.
    verbose : bool
        Whether both arrays are printed where values differ.
    check_namespace, check_device, check_dtype, check_shape : bool
        Whether each must be the same, the device where both are of one library. Without the shape,
        the two are broadcast.
    check_scalar : bool
        Whether NumPy's scalars differ from its arrays without dimensions.
    xp : namespace, optional
        Of which `actual` must be.

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
        check_device=check_device,
        check_dtype=check_dtype,
        check_scalar=check_scalar,
    )
    wrong = wrong or _elsewhere(actual, xp)
    wrong = wrong or _apart(actual, desired, tolerance, check_shape, equal_nan, verbose)
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
    if check_device and got.library == wanted.library and got.device != wanted.device:
        return f"device must be {wanted.device_name}; got {got.device_name}"
    if check_scalar and isinstance(actual, np.generic) != isinstance(desired, np.generic):
        return f"must be a {type(desired).__name__}; got {type(actual).__name__}"
    names = [short_name(x.dtype) for x in (desired, actual)]
    return (
        f"dtype must be {names[0]}; got {names[1]}" if check_dtype and len({*names}) > 1 else None
    )


def _elsewhere(actual: Any, xp: Any) -> str | None:
    """Return in what an array is not of a namespace, or None."""
    if xp is None:
        return None
    got, wanted = of(actual), of(xp.zeros(()))
    if got.library != wanted.library:
        return f"must be an array of {wanted.name}; got one of {got.name}"
    return None


def _apart(
    actual: Any,
    desired: Any,
    tolerance: Tolerance,
    check_shape: bool,
    equal_nan: bool,
    verbose: bool,
) -> str | None:
    """Return how the shapes or the values of two arrays differ, or None."""
    both = [(x, _backend(x)) for x in (actual, desired)]
    shapes = [tuple(x.shape) if backend else np.shape(x) for x, backend in both]
    if check_shape and shapes[0] != shapes[1]:
        return f"shape must be {shapes[1]}; got {shapes[0]}"
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        return f"shapes must broadcast; got {shapes[0]} and {shapes[1]}"
    if not all(backend is None or backend.has_values for _, backend in both):
        return None
    if any(backend and short_name(x.dtype) == "bfloat16" for x, backend in both):
        tolerance = tolerance.of_bfloat16()
    got, wanted = (on_host(backend, x) if backend else np.asarray(x) for x, backend in both)
    wrong = difference(got, wanted, tolerance, equal_nan)
    return f"{wrong}\nactual: {got}\ndesired: {wanted}" if wrong and verbose else wrong
