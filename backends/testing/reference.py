"""What NumPy gives: the reference that every row is held to, run once a dtype."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from threading import get_ident
from typing import Any
from unittest.mock import patch

import numpy as np

from .call import Call, is_numpy
from .parts import Parts


class Reference:
    """What a call gives on NumPy."""

    def __init__(self, call: Call) -> None:
        self.call = call

    @cached_property
    def wide(self) -> Parts:
        """In float64."""
        return self.call.on_numpy(_wide)

    @cached_property
    def rounded(self) -> Parts:
        """In float64, of data rounded to float32: what a row in float32 is held to."""
        if all(
            np.array_equal(_rounded(x), x, equal_nan=x.dtype.kind in "fc") for x in self.call.data
        ):
            return self.wide
        return self.call.on_numpy(_rounded)

    @cached_property
    def limited(self) -> Parts | None:
        """As `rounded`, where float64 pretends to have the limits of float32.

        That is what a function gives in float32 which asks for them, by `finfo`, had it no rounding
        errors. None if it asks for none.
        """
        try:
            with _narrow_limits() as asked:
                found = self.call.on_numpy(_rounded)
        except Exception:  # its limits and its dtype don't go together
            return None
        return found if asked else None

    @cached_property
    def again(self) -> Parts | None:
        """In float64 a second time; None where it raises then."""
        try:
            return self.call.on_numpy(_wide)
        except Exception:
            return None

    @cached_property
    def is_stable(self) -> bool:
        """Whether the function gives the same a second time."""
        if self.again is None:
            return False
        again = self.again.leaves
        return again.keys() == self.wide.leaves.keys() and all(
            _same(value, again[place]) for place, value in self.wide.leaves.items()
        )

    def keeps(self, place: str) -> bool:
        """Tell whether a private attribute is the same a second time: no clock, no counter."""
        runs = [self.wide, self.again]
        found = [run.private[place] for run in runs if run and place in run.private]
        return len(found) == len(runs) and _same(*found)


def _wide(x: Any) -> Any:
    return np.array(x, dtype={"f": "float64", "c": "complex128"}.get(x.dtype.kind))


def _narrow(x: Any) -> Any:
    with np.errstate(over="ignore"):
        return np.array(x, dtype={"f": "float32", "c": "complex64"}.get(x.dtype.kind))


def _rounded(x: Any) -> Any:
    return _wide(_narrow(x))


def _same(a: Any, b: Any) -> bool:
    if is_numpy(a) and is_numpy(b):
        return np.array_equal(a, b, equal_nan=a.dtype.kind in "fc" and b.dtype.kind in "fc")
    return bool(a == b or (a != a and b != b))


class _Limits:
    """What `finfo` says of float32, said of float64."""

    dtype = np.dtype("float64")

    def __init__(self, narrow: Any) -> None:
        self._narrow = narrow

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._narrow, name)
        return np.float64(found) if isinstance(found, np.float32) else found


@contextmanager
def _narrow_limits() -> Iterator[list[Any]]:
    """Within the context, NumPy tells this thread the limits of float32 for those of float64.

    Each time that it is asked is noted in the list.
    """
    asked: list[Any] = []
    owner, original = get_ident(), np.finfo.__new__

    def finfo(cls: type, dtype: Any) -> Any:
        found = original(cls, dtype)
        if get_ident() != owner or found.dtype != np.float64:
            return found
        asked.append(found)
        return _Limits(original(cls, "float32"))

    with patch.object(np.finfo, "__new__", staticmethod(finfo)):
        yield asked
