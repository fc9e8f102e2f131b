"""Hold what a row gave to what NumPy gives."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..host import short_name
from .call import is_number, is_numpy
from .capabilities import Capabilities
from .cases import Case
from .causes import text_of
from .comparison import Tolerance, difference, mismatch, on_any_host
from .dtypes import accepted, has_wide_default
from .parts import Parts, kind, parts, unlike
from .reference import Reference
from .rounding import Rounding
from .structure import is_namespace, looks_like_array

Judged = Callable[[Case, Any, Any, Any], str | None]

_LIMITED = "with the limits of float32, for which it asks"
_ROUNDED = "but for rounding, as NumPy's own runs in float32 and float64 show"
_UNSTABLE = "the function gives something else each time, on NumPy too"


class Judge:
    """Says of each row whether what it gave is what NumPy gives."""

    def __init__(
        self, reference: Reference, tolerance: Tolerance, said: Capabilities | None
    ) -> None:
        self.reference = reference
        self.tolerance = tolerance
        self.rounding = Rounding(reference.call)
        self.said = said or Capabilities()

    def verdict(self, case: Case, actual: Any) -> tuple[str, str]:
        """Return the verdict on a result, and the reason or a remark."""
        found = parts(actual)
        narrow = case.dtype == "float32"
        try:
            wanted = self.reference.rounded if narrow else self.reference.wide
        except Exception as error:
            said = f"{type(error).__name__}: {text_of(error)}"[:300]
            return "can't tell", f"NumPy fails on the data rounded to float32: {said}"
        wrong = self._wrong(case, found, wanted)
        if wrong and not self.reference.is_stable:
            return "wrong", _UNSTABLE
        if wrong and narrow and (limited := self.reference.limited):
            if not self._wrong(case, found, limited):
                return "agrees", _LIMITED
            wrong += f"; so it is {_LIMITED}" if "values differ" in wrong else ""
        if wrong and not self._wrong(case, found, wanted, but_for_rounding=True):
            return "agrees", _ROUNDED
        if wrong and case.traced and not self.said.jit:
            return "can't tell", f"the function says that it can't be traced: {wrong}"
        if wrong:
            return "wrong", wrong
        if case.traced and not self.said.jit:
            return "agrees", "it can be traced, though it says that it can't"
        return "agrees", "" if case.has_values else "in shape, dtype and device: it has no values"

    def _wrong(
        self, case: Case, found: Parts, wanted: Parts, but_for_rounding: bool = False
    ) -> str:
        """Return what is wrong with the outputs, or nothing."""
        missing = wanted.leaves.keys() - found.leaves.keys()
        missing -= set() if case.has_values else wanted.shown  # a property may read
        if missing or found.leaves.keys() - wanted.leaves.keys() - found.shown:
            return f"must return {_shown(wanted)}; got {_shown(found)}"
        if hidden := wanted.bare - found.private.keys():
            return f"must return result{min(hidden)}; it is not there"
        for place, container in wanted.containers.items():
            if wrong := unlike(found.containers.get(place), container):
                return f"result{place} {wrong}"
        for place, expected in (*wanted.leaves.items(), *wanted.private.items()):
            if place not in (found.private if place in wanted.private else found.leaves):
                continue
            inner = place in wanted.private and place not in wanted.bare
            value = found.at(place)
            judged = self._wrong_inside if inner else self._wrong_leaf
            reason = judged(case, value, expected, 0.0)
            if reason and but_for_rounding:
                slack = self._slack(case, value, expected, place)
                reason = self._wrong_at_a_step(case, value, expected, place, judged, slack)
            if reason and inner and not self.reference.keeps(place):
                continue
            if reason:
                return f"result{place}: {reason}" if place else reason
        return ""

    def _slack(self, case: Case, value: Any, expected: Any, place: str) -> Any:
        """Return how far rounding alone may take the values of a leaf."""
        if not (is_number(expected) or is_numpy(expected)):
            return 0.0
        width = self._width(case)
        dtype = width if is_number(value) else short_name(getattr(value, "dtype", width))
        dtype = {"complex64": "float32", "complex128": "float64"}.get(dtype, dtype)
        if self.tolerance.is_given(dtype):
            return 0.0
        return self.rounding.slack(place, np.asarray(expected), dtype, case.dtype)

    def _wrong_at_a_step(
        self, case: Case, value: Any, expected: Any, place: str, judged: Judged, slack: Any
    ) -> str | None:
        """Return what is wrong with a leaf once its rounding, and steps' edges, are let off."""
        reason = judged(case, value, expected, slack)
        if not reason or case.dtype != "float32" or not (is_number(expected) or is_numpy(expected)):
            return reason
        step = self.rounding.step(place, expected)
        if step is None:
            return reason
        return judged(case, value, step.item() if is_number(expected) else step, 0.0)

    def _wrong_inside(self, case: Case, value: Any, expected: Any, slack: Any) -> str | None:
        """Return what is wrong with a private value beside public ones, wherever it may lie."""
        if is_numpy(expected) and looks_like_array(value):
            got = on_any_host(value)
            if got is None or got.shape != expected.shape:
                return None
        elif is_number(expected) and is_number(value):
            got = np.asarray(value)
        else:
            return None
        wanted = np.asarray(expected)
        if not {got.dtype.kind, wanted.dtype.kind} <= set("biufcO"):
            return None
        got = self._as_computed(case, got)
        return difference(got, wanted, self.tolerance, slack=slack)

    def _wrong_leaf(self, case: Case, value: Any, expected: Any, slack: Any) -> str | None:
        if is_namespace(expected) and is_namespace(value):
            return None
        plain = self.said.returns == "python" and np.ndim(expected) == 0
        if is_number(expected) or (plain and is_numpy(expected)):
            return self._wrong_number(case, value, expected, plain, slack)
        if not is_numpy(expected):
            same = type(value) is type(expected) and value == expected
            return None if same else f"must be {expected!r}; got {value!r}"[:300]
        expected = np.asarray(expected)
        call = self.reference.call
        dtypes = accepted(
            case.backend,
            case.dtype,
            expected,
            call.has_floats,
            self.said.dtype,
            summed=not call.has_uint64,
            from_complex=call.has_complex,
        )
        return mismatch(case.backend, value, expected, dtypes, self.tolerance, slack)

    def _wrong_number(
        self, case: Case, value: Any, expected: Any, plain: bool, slack: Any
    ) -> str | None:
        """Return what is wrong with a number that must be Python's."""
        python = isinstance(value, bool | int | float | complex)
        if not python or (isinstance(value, np.generic) and not plain):
            return f"must be a number of Python's, as on NumPy; got {type(value).__name__}"
        got, wanted = np.asarray(value), np.asarray(expected)
        if got.dtype.kind != wanted.dtype.kind:
            return f"must be {expected!r}; got {value!r}"
        got = self._as_computed(case, got)
        return difference(got, wanted, self.tolerance, slack=slack)

    def _as_computed(self, case: Case, host: Any) -> Any:
        """Return floats of the host in the dtype that they have been computed in."""
        width = self._width(case)
        if host.dtype.kind not in "fc" or width == "float64":
            return host
        return host.astype("complex64" if host.dtype.kind == "c" else width)

    def _width(self, case: Case) -> str:
        """Return the dtype that numbers of Python's have been computed in."""
        floats = self.reference.call.has_floats
        return case.dtype if floats or has_wide_default(case.backend) else "float32"


def _shown(found: Parts) -> str:
    if found.leaves.get("", "") is None:
        return "None"
    empty = f"{kind(found.containers.get(''))} of nothing"
    return ", ".join(f"result{place}" for place in found.leaves) or empty
