"""Hold what a row gave to what NumPy gives."""

from typing import Any

import numpy as np

from .capabilities import Capabilities
from .cases import Case
from .comparison import Tolerance, difference, mismatch
from .dtypes import accepted, has_wide_default
from .reference import Reference, is_number, is_numpy
from .rounding import Rounding
from .structure import Parts, kind, parts, unlike

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
        wanted = self.reference.rounded if narrow else self.reference.wide
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
        if found.leaves.keys() != wanted.leaves.keys():
            return f"must return {_shown(wanted)}; got {_shown(found)}"
        for place, container in wanted.containers.items():
            if wrong := unlike(found.containers.get(place), container):
                return f"result{place} {wrong}"
        for place, expected in wanted.leaves.items():
            value = found.leaves[place]
            reason = self._wrong_leaf(case, value, expected, self.tolerance)
            if reason and but_for_rounding:
                reason = self._wrong_but_for_rounding(case, value, expected, place)
            if reason:
                return f"result{place}: {reason}" if place else reason
        return ""

    def _wrong_but_for_rounding(
        self, case: Case, value: Any, expected: Any, place: str
    ) -> str | None:
        """Return what is wrong with a leaf once its rounding is let off."""
        if not (is_number(expected) or is_numpy(expected)):
            return "no number"
        tolerance = self.rounding.tolerance(self.tolerance, place, expected)
        reason = self._wrong_leaf(case, value, expected, tolerance)
        step = self.rounding.step(place, expected) if reason and case.dtype == "float32" else None
        if step is None:
            return reason
        return self._wrong_leaf(
            case, value, step.item() if is_number(expected) else step, self.tolerance
        )

    def _wrong_leaf(
        self, case: Case, value: Any, expected: Any, tolerance: Tolerance
    ) -> str | None:
        plain = self.said.returns == "python" and np.ndim(expected) == 0
        if is_number(expected) or (plain and is_numpy(expected)):
            return self._wrong_number(case, value, expected, plain, tolerance)
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
        )
        return mismatch(case.backend, value, expected, dtypes, tolerance)

    def _wrong_number(
        self, case: Case, value: Any, expected: Any, plain: bool, tolerance: Tolerance
    ) -> str | None:
        """Return what is wrong with a number that must be Python's."""
        python = isinstance(value, bool | int | float | complex)
        if not python or (isinstance(value, np.generic) and not plain):
            return f"must be a number of Python's, as on NumPy; got {type(value).__name__}"
        got, wanted = np.asarray(value), np.asarray(expected)
        if got.dtype.kind != wanted.dtype.kind:
            return f"must be {expected!r}; got {value!r}"
        if got.dtype.kind in "fc" and self._is_narrow(case):
            got = got.astype("complex64" if got.dtype.kind == "c" else "float32")
        return difference(got, wanted, tolerance)

    def _is_narrow(self, case: Case) -> bool:
        """Tell whether a number of Python's has been computed in float32."""
        floats = self.reference.call.has_floats
        return case.dtype == "float32" or not (floats or has_wide_default(case.backend))


def _shown(found: Parts) -> str:
    if found.leaves.get("", "") is None:
        return "None"
    empty = f"{kind(found.containers.get(''))} of nothing"
    return ", ".join(f"result{place}" for place in found.leaves) or empty
