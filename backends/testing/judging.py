"""Hold what a row gave to what NumPy gives."""

from typing import Any

import numpy as np

from .capabilities import Capabilities
from .cases import Case
from .comparison import Tolerance, difference, mismatch
from .dtypes import accepted
from .reference import Reference, is_array, is_number
from .structure import Leaf, leaves

_UNSTABLE = "the function gives something else each time, on NumPy too"


class Judge:
    """Says of each row whether what it gave is what NumPy gives."""

    def __init__(
        self, reference: Reference, tolerance: Tolerance, said: Capabilities | None
    ) -> None:
        self.reference = reference
        self.tolerance = tolerance
        self.said = said or Capabilities()

    def verdict(self, case: Case, actual: Any) -> tuple[str, str]:
        """Return the verdict on a result, and the reason or a remark."""
        found = list(leaves(actual))
        narrow = case.dtype == "float32"
        wanted = self.reference.rounded if narrow else self.reference.wide
        wrong = self._wrong(case, found, wanted)
        if wrong and not self.reference.is_stable:
            return "wrong", _UNSTABLE
        if wrong and narrow and self._agrees_narrow(case, found, wanted):
            return "agrees", "with NumPy in float32: it asks for the limits of the dtype"
        if wrong:
            return "wrong", wrong
        if case.traced and not self.said.jit:
            return "agrees", "it can be traced, though it says that it can't"
        return "agrees", "" if case.has_values else "in shape, dtype and device: it has no values"

    def _agrees_narrow(self, case: Case, found: list[Leaf], wanted: list[Leaf]) -> bool:
        """Tell whether the values depend on the limits of the dtype, and are NumPy's in float32."""
        narrow = self.reference.narrow
        return narrow is not None and not self._wrong(case, found, narrow, wanted)

    def _wrong(
        self, case: Case, found: list[Leaf], wanted: list[Leaf], typed: list[Leaf] | None = None
    ) -> str:
        """Return what is wrong with the outputs, or nothing; dtypes must be those of `typed`."""
        places = [place for place, _ in wanted]
        if [place for place, _ in found] != places:
            return f"must return {_shown(wanted)}; got {_shown(found)}"
        for (place, value), (_, expected), (_, of_dtype) in zip(
            found, wanted, typed or wanted, strict=True
        ):
            if wrong := self._wrong_leaf(case, value, expected, of_dtype):
                return f"result{place}: {wrong}" if place else wrong
        return ""

    def _wrong_leaf(self, case: Case, value: Any, expected: Any, of_dtype: Any) -> str | None:
        plain = self.said.returns == "python" and np.ndim(expected) == 0
        if is_number(expected) or (plain and is_array(expected)):
            return self._wrong_number(case, value, expected, plain)
        if not is_array(expected):
            same = type(value) is type(expected) and value == expected
            return None if same else f"must be {expected!r}; got {value!r}"[:300]
        dtypes = accepted(
            case.backend,
            case.dtype,
            np.asarray(of_dtype),
            self.reference.call.has_floats,
            self.said.dtype,
        )
        return mismatch(case.backend, value, np.asarray(expected), dtypes, self.tolerance)

    def _wrong_number(self, case: Case, value: Any, expected: Any, plain: bool) -> str | None:
        """Return what is wrong with a number that must be Python's."""
        python = isinstance(value, bool | int | float | complex)
        if not python or (isinstance(value, np.generic) and not plain):
            return f"must be a number of Python's, as on NumPy; got {type(value).__name__}"
        if isinstance(value, bool) != (np.asarray(expected).dtype.kind == "b"):
            return f"must be {expected!r}; got {value!r}"
        got, wanted = np.asarray(value), np.asarray(expected)
        if case.dtype == "float32" and got.dtype.kind in "fc":
            got = got.astype("complex64" if got.dtype.kind == "c" else "float32")
        if not case.has_values and got.dtype.kind in "fc":
            return None
        return difference(got, wanted, self.tolerance)


def _shown(found: list[Leaf]) -> str:
    return ", ".join(f"result{place}" for place, _ in found) or "nothing"
