"""Run one function on every backend and hold it to what it gives on NumPy in float64."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from functools import partial
from typing import Any

import numpy as np

from ..errors import DeviceUnavailableError
from .call import Call
from .capabilities import Capabilities, checked, said_of
from .cases import Case, opened
from .causes import cause_of, text_of
from .claims import note
from .comparison import Limit, Tolerance
from .judging import Judge
from .matrix import ROWS, names, required, selected
from .reference import Reference
from .report import Outcome, Report
from .strictness import LOCK, switched_off
from .structure import entries


def equivalence(
    function: Callable[..., Any],
    *inputs: Any,
    kwargs: Mapping[str, Any] | None = None,
    backends: Iterable[str] | None = None,
    rtol: Limit = None,
    atol: Limit = None,
    capabilities: Capabilities | None = None,
) -> Report:
    """Run `function` on every backend and compare with NumPy in float64.

    Beside the values it is held to: arrays of the same library, on the same device, in the floating
    dtype that went in; inputs unchanged; and no value read by the host on the way.

    Parameters
    ----------
    function : callable
        Takes arrays, gives an array, a number, a string or None, or a tuple, list, dictionary or
        dataclass of them.
    *inputs : array or anything else
        NumPy arrays and scalars are made arrays of the backend, floats in its dtype, also within
        tuples, lists, dictionaries and dataclasses; so is a list of floats. Whatever else is handed
        on as it is, a list of axes for instance. Lists, dictionaries, random generators and other
        objects are copied for each run, with arrays of the backend in them and its namespace for
        NumPy's; what is given twice stays one thing.
    kwargs : mapping, optional
        Keyword arguments of the function, taken alike.
    backends : iterable of str, optional
        Names as in ``pytest --array-backends``, which is the default, and without that the whole
        matrix. What can't be had here is skipped.
    rtol, atol : float or mapping of dtype to float, optional
        1e-12 for float64 and 1e-5 for float32, if not given, and a smaller `atol` where all values
        are below 1, unless they are rounding alone by what NumPy gives in float32.
        ``{"float32": 1e-3}`` changes one and leaves the other.
    capabilities : Capabilities, optional
        What the function may do, where that does not stand beside it.

    Returns
    -------
    Report

    Raises
    ------
    TypeError
        When the function gives NumPy arrays anything else than said above, an input is a masked
        array or one of another library, there is no array among the inputs, or `capabilities` are
        not made by `capabilities`.
    ValueError
        When there is no backend of such a name, also in what the function says of rows, or a
        tolerance is negative.
    """
    tolerance = Tolerance(rtol, atol).checked()
    chosen = selected() if backends is None else names(backends)
    said = checked(said_of(function) if capabilities is None else capabilities)
    call = Call(function, inputs, kwargs or {})
    with LOCK:
        reference = Reference(call)
        judge = Judge(reference, tolerance, said)
        _ = reference.wide  # what is broken on NumPy says so itself
        outcomes = tuple(_outcome(name, call, judge, said) for name in chosen)
    report = Report(_name(function), outcomes, said is not None and said.reads)
    note(function, report)
    return report


def assert_equivalent(
    function: Callable[..., Any],
    *inputs: Any,
    kwargs: Mapping[str, Any] | None = None,
    backends: Iterable[str] | None = None,
    rtol: Limit = None,
    atol: Limit = None,
    capabilities: Capabilities | None = None,
    require: bool | None = None,
) -> Report:
    """Raise an AssertionError, with the report as its message, unless `equivalence` holds.

    Parameters and result are those of `equivalence`, and `require`: whether a backend that can't
    be had here is a failure too, by default as ``pytest --require-array-backends`` says.

    Raises
    ------
    AssertionError
        When a backend gives anything else than NumPy; its cause is what the function raised. When
        a value was read that may not be. When none could be had at all.
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
    report = equivalence(
        function,
        *inputs,
        kwargs=kwargs,
        backends=backends,
        rtol=rtol,
        atol=atol,
        capabilities=capabilities,
    )
    require = required() if require is None else require
    if not report.ok or (require and report.skipped):
        failed = [o for o in report.outcomes if o.verdict == "wrong"]
        error = next((o.error for o in failed if o.error is not None), None)
        raise AssertionError(str(report)) from error
    return report


def _name(function: Callable[..., Any]) -> str:
    while isinstance(function, partial):
        function = function.func
    return str(getattr(function, "__name__", type(function).__name__))


def _outcome(name: str, call: Call, judge: Judge, said: Capabilities | None) -> Outcome:
    if said and (excuse := said.excuse(name, ROWS[name])):
        return Outcome(name, "can't tell", excuse)
    with ExitStack() as stack:
        try:
            case = stack.enter_context(opened(name, said))
        except DeviceUnavailableError as error:
            return Outcome(name, "skipped", str(error))
        if case.backend.name == "array-api-strict" and not ROWS[name].without:
            stack.enter_context(switched_off(()))  # a test on strict:strictest may call the kit
        outcome = _run(case, call, judge, said)
    expected = said.expected_failure(name) if said else None
    if expected is None:
        return outcome
    refused = bool(outcome.reads) and not (said and said.reads)
    if outcome.verdict == "wrong" or refused:
        reason = f"wrong, as the function says ({expected}): {outcome.text}"
        return outcome._replace(verdict="can't tell", reason=reason, reads=())
    if outcome.verdict != "agrees":
        return outcome
    if not case.has_values:
        reason = (
            f"the function says that it is wrong here ({expected}); there are no values to tell by"
        )
        return outcome._replace(verdict="can't tell", reason=reason)
    return outcome._replace(
        verdict="wrong", reason=f"the function says that it is wrong here ({expected}); it is not"
    )


def _run(case: Case, call: Call, judge: Judge, said: Capabilities | None) -> Outcome:
    """Return the outcome on one row."""
    if said and said.dtype == "float64" and not case.backend.has_float64:
        reason = "the function says that it gives float64, which is not there"
        return Outcome(case.name, "can't tell", reason)
    try:
        given = call.with_data(case.array, case.xp)
        before = dict(entries((given.args, given.kwargs)))
    except (TypeError, OverflowError, ValueError) as error:
        reason = f"its library can't hold the inputs: {type(error).__name__}: {text_of(error)}"
        return Outcome(case.name, "can't tell", reason, error)
    reads: list[str] = []
    try:
        actual = case.observe(call.function, given.args, given.kwargs, reads)
        verdict, reason = judge.verdict(case, actual)
        for array, values in zip(given.arrays, call.data, strict=True):
            case.unchanged(array, values)
        for array, values in given.others:
            assert _is_same(array, values), (
                f"an input must not be changed; it was {values} and is {array}"
            )
        _unchanged(before, (given.args, given.kwargs))
    except Exception as error:  # whatever a library raises, the other backends are run too
        cause = cause_of(case, error, said)
        verdict = "can't tell" if cause.cannot_tell else "wrong"
        read = [cause.read] if cause.read and not cause.cannot_tell else []
        places = tuple(dict.fromkeys([*reads, *read]))
        return Outcome(case.name, verdict, cause.reason, error, places)
    return Outcome(case.name, verdict, reason, None, tuple(dict.fromkeys(reads)))


def _is_same(array: Any, values: Any) -> bool:
    """Tell whether an array of strings, dates or objects holds what it held."""
    if array.shape != values.shape or array.dtype != values.dtype:
        return False
    if array.dtype.kind == "T":  # strings of any length lie elsewhere
        return bool(np.all(array == values))
    return bool(array.tobytes() == values.tobytes())  # of objects their addresses


def _unchanged(before: dict[str, Any], inputs: Any) -> None:
    """Assert that the containers among the inputs still hold the very same things."""
    now = dict(entries(inputs))
    for place in dict.fromkeys([*before, *now]):
        same = place in before and place in now and before[place] is now[place]
        shown = place.replace("[0]", "inputs", 1) if place[:3] == "[0]" else f"kwargs{place[3:]}"
        assert same, f"an input must not be changed; {shown} was"
