"""One function on every backend, held to what it gives on NumPy in float64."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import numpy as np

from backends.errors import DeviceUnavailableError
from backends.namespace import isdtype
from backends.testing.cases import Case, names, opened
from backends.testing.comparison import Tolerance, mismatch
from backends.testing.report import Outcome, Report


def equivalence(
    function: Callable[..., Any],
    *inputs: Any,
    backends: Iterable[str] | None = None,
    rtol: float | None = None,
    atol: float | None = None,
) -> Report:
    """Run `function` on every backend and compare with NumPy in float64.

    Beside the values it is held to: arrays of the same library, on the same device, in the floating
    dtype that went in; inputs unchanged; and no value read by the host on the way.

    Parameters
    ----------
    function : callable
        Takes arrays, gives an array, or a tuple, list or dictionary of them.
    *inputs : array or number or anything else
        NumPy arrays and sequences of numbers are made arrays of the backend, floats in its dtype;
        whatever else is handed on as it is.
    backends : iterable of str, optional
        Names as in ``pytest --backends``; all if not given. What can't be had here is skipped.
    rtol, atol : float, optional
        1e-12 for backends with float64 and 1e-5 for others, if not given.

    Returns
    -------
    Report

    Raises
    ------
    ValueError
        When there is no backend of such a name.
    """
    tolerance = Tolerance(rtol, atol)
    chosen = names([backends] if isinstance(backends, str) else backends)
    outcomes = tuple(_outcome(name, function, inputs, tolerance) for name in chosen)
    return Report(getattr(function, "__name__", type(function).__name__), outcomes)


def assert_equivalent(
    function: Callable[..., Any],
    *inputs: Any,
    backends: Iterable[str] | None = None,
    rtol: float | None = None,
    atol: float | None = None,
) -> Report:
    """Raise an AssertionError, with the report as its message, unless `equivalence` holds.

    Parameters and result are those of `equivalence`.

    Raises
    ------
    AssertionError
        When a backend gives anything else than NumPy; its cause is what the function raised.
    ValueError
        When there is no backend of such a name.

    Examples
    --------
    >>> import numpy as np
    >>> from backends import namespace
    >>> def standardize(x):
    ...     xp = namespace(x)
    ...     return (x - xp.mean(x, axis=0)) / xp.std(x, axis=0)
    >>> report = assert_equivalent(standardize, np.array([[1.0, 2.0], [3.0, 5.0]]))
    >>> report.ok
    True
    """
    report = equivalence(function, *inputs, backends=backends, rtol=rtol, atol=atol)
    if not report.ok:
        error = next((o.error for o in report.outcomes if o.error is not None), None)
        raise AssertionError(str(report)) from error
    return report


def _outcome(
    name: str, function: Callable[..., Any], inputs: tuple[Any, ...], tolerance: Tolerance
) -> Outcome:
    with ExitStack() as stack:
        try:
            case = stack.enter_context(opened(name))
        except DeviceUnavailableError as error:
            return Outcome(name, "skipped", str(error))
        expected = function(*(_rounded(value, case.dtype) for value in inputs))
        return _judged(case, function, inputs, expected, tolerance)


def _judged(
    case: Case,
    function: Callable[..., Any],
    inputs: tuple[Any, ...],
    expected: Any,
    tolerance: Tolerance,
) -> Outcome:
    """Return the outcome of one case, given what NumPy gives."""
    arrays = [case.array(value) if _is_data(value) else value for value in inputs]
    places = [i for i, value in enumerate(inputs) if _is_data(value)]

    def of_arrays(*given: Any) -> Any:
        values = dict(zip(places, given, strict=True))
        return function(*(values.get(i, value) for i, value in enumerate(inputs)))

    try:
        actual = case.run(of_arrays, *(arrays[i] for i in places))
        wrong = _wrong(case, actual, expected, tolerance)
        for i in places:
            case.unchanged(arrays[i], inputs[i])
    except Exception as error:  # whatever a library raises, the other backends are run too
        text = " ".join(str(error).split())
        return Outcome(case.name, "wrong", f"{type(error).__name__}: {text}"[:300], error)
    return Outcome(case.name, "wrong" if wrong else "agrees", wrong)


def _wrong(case: Case, actual: Any, expected: Any, tolerance: Tolerance) -> str:
    """Return what is wrong with the outputs, or nothing."""
    found, wanted = dict(_leaves(actual)), dict(_leaves(expected))
    if found.keys() != wanted.keys():
        return f"must return {len(wanted)} arrays; got {len(found)}"
    for place, value in wanted.items():
        value = np.asarray(value)
        wrong = mismatch(case, found[place], value, _dtype(case, value, found[place]), tolerance)
        if wrong:
            return f"result{place}: {wrong}" if place else wrong
    return ""


def _leaves(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the arrays in nested tuples, lists and dictionaries, each with its place."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _leaves(item, f"{place}[{key!r}]")
    elif isinstance(value, tuple | list):
        for i, item in enumerate(value):
            yield from _leaves(item, f"{place}[{i}]")
    else:
        yield place, value


def _is_data(value: Any) -> bool:
    return isinstance(value, np.ndarray | list)


def _rounded(value: Any, dtype: str) -> Any:
    """Return host data as NumPy computes with it: rounded to the case's dtype, in float64."""
    if not _is_data(value):
        return value
    host = np.array(value)
    if host.dtype.kind == "f":
        return host.astype(dtype).astype("float64")
    return host


def _dtype(case: Case, expected: Any, actual: Any) -> Any:
    """Return the dtype that an output must have: of NumPy's kind, in the width of the case."""
    if expected.dtype.kind == "f":
        return case.backend.dtype(case.dtype)
    if expected.dtype.kind == "c":
        return case.backend.dtype("complex128" if case.dtype == "float64" else "complex64")
    if expected.dtype.kind in "iu" and hasattr(actual, "dtype"):
        if isdtype(case.xp, actual.dtype, "integral"):
            return actual.dtype
        return "an integer dtype"
    return case.backend.dtype("bool")
