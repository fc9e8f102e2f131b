"""Run one function on every backend and hold it to what it gives on NumPy in float64."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import numpy as np

from backends.errors import DeviceUnavailableError
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
        NumPy arrays and scalars and lists of numbers are made arrays of the backend, floats in its
        dtype; whatever else is handed on as it is, a tuple of axes for instance.
    backends : iterable of str, optional
        Names as in ``pytest --backends``; all if not given. What can't be had here is skipped.
    rtol, atol : float, optional
        1e-12 for backends with float64 and 1e-5 for others, if not given.

    Returns
    -------
    Report

    Raises
    ------
    TypeError
        When the function gives NumPy arrays anything that is no array.
    ValueError
        When there is no backend of such a name, or a tolerance is negative.
    """
    tolerance = Tolerance(rtol, atol)
    tolerance.of("float64")
    chosen = names([backends] if isinstance(backends, str) else backends)
    outcomes = tuple(_outcome(name, function, inputs, tolerance) for name in chosen)
    return Report(getattr(function, "__name__", type(function).__name__), outcomes)


def assert_equivalent(
    function: Callable[..., Any],
    *inputs: Any,
    backends: Iterable[str] | None = None,
    rtol: float | None = None,
    atol: float | None = None,
    require: bool = False,
) -> Report:
    """Raise an AssertionError, with the report as its message, unless `equivalence` holds.

    Parameters and result are those of `equivalence`, and `require`: whether a backend that can't
    be had here is a failure too.

    Raises
    ------
    AssertionError
        When a backend gives anything else than NumPy; its cause is what the function raised. When
        none could be had at all.
    TypeError, ValueError
        As `equivalence` does.

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
    if not report.ok or (require and report.skipped):
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
        _check_reference(expected)
        return _judged(case, function, inputs, expected, tolerance)


def _judged(
    case: Case,
    function: Callable[..., Any],
    inputs: tuple[Any, ...],
    expected: Any,
    tolerance: Tolerance,
) -> Outcome:
    """Return the outcome of one case, given what NumPy gives."""
    places = [i for i, value in enumerate(inputs) if _is_data(value)]

    def of_arrays(*given: Any) -> Any:
        values = dict(zip(places, given, strict=True))
        return function(*(values.get(i, value) for i, value in enumerate(inputs)))

    try:
        arrays = {i: case.array(inputs[i]) for i in places}
        actual = case.run(of_arrays, *arrays.values())
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
        return f"must return {_shown(wanted)}; got {_shown(found)}"
    for place, value in wanted.items():
        value = np.asarray(value)
        dtype = _dtype(case, value, found[place])
        wrong = mismatch(case.backend, found[place], value, dtype, tolerance)
        if wrong:
            return f"result{place}: {wrong}" if place else wrong
    return ""


def _shown(leaves: Mapping[str, Any]) -> str:
    return ", ".join(f"result{place}" for place in leaves) or "nothing"


def _check_reference(expected: Any) -> None:
    for place, value in _leaves(expected):
        if np.asarray(value).dtype.kind not in "biufc":
            raise TypeError(
                "the function must return an array, or a tuple, list or dictionary of arrays; got "
                f"{type(value).__name__}{f' at {place}' if place else ''}"
            )


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
    return isinstance(value, np.ndarray | np.generic | list)


def _rounded(value: Any, dtype: str) -> Any:
    """Return host data as NumPy computes with it: rounded to the case's dtype, in float64."""
    if not _is_data(value):
        return value
    host = np.array(value)
    if host.dtype.kind == "f":
        return host.astype(dtype).astype("float64")
    if host.dtype.kind == "c" and dtype != "float64":
        return host.astype("complex64").astype("complex128")
    return host


def _dtype(case: Case, expected: Any, actual: Any) -> Any:
    """Return the dtype that an output must have: of NumPy's kind, in the width of the case."""
    if expected.dtype.kind == "f":
        return case.backend.dtype(case.dtype)
    if expected.dtype.kind == "c":
        return case.backend.dtype("complex128" if case.dtype == "float64" else "complex64")
    if expected.dtype == np.int64:  # of Python's integers, and of indices: the library's defaults
        info = case.xp.__array_namespace_info__()
        defaults = info.default_dtypes(device=case.backend.device)
        index = getattr(actual, "dtype", None) == defaults["indexing"]
        return defaults["indexing" if index else "integral"]
    return case.backend.dtype(expected.dtype.name)
