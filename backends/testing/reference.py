"""What NumPy gives: the reference that every row is held to, run once a dtype."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import Enum
from functools import cached_property
from threading import get_ident
from typing import Any
from unittest.mock import patch

import numpy as np

from ..host import host_data
from .structure import Parts, leaves, looks_like_array, own_copy, parts, rebuilt

_CONSTANTS = (type(None), str, bytes, slice, range, type(Ellipsis), Enum)
_NUMBERS = (bool, int, float, complex)


class Call:
    """A function and what it is given: NumPy arrays, anywhere in containers, are its data.

    So are NumPy's scalars, and lists of Python's floats. A list of integers is handed on as it is:
    it may be axes or a shape. Each run gets lists, dictionaries and objects of its own: random
    generators, estimators that are not fitted yet.

    Raises
    ------
    TypeError
        When data are masked, or an array of another library, or there are none.
    """

    def __init__(
        self, function: Callable[..., Any], inputs: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> None:
        self.function = function
        self._given = _merged((inputs, dict(kwargs)))
        self.data = [(place, leaf) for place, leaf in leaves(self._given) if _is_data(leaf)]
        for _, leaf in leaves(self._given):
            _check(leaf)
        if not self.data:
            raise TypeError(
                "inputs must hold a NumPy array, a scalar of NumPy or a list of floats, or every "
                "backend would be given the same; got none"
            )

    @property
    def has_floats(self) -> bool:
        """Whether there are floats among the data."""
        return any(leaf.dtype.kind in "fc" for _, leaf in self.data)

    @property
    def has_uint64(self) -> bool:
        """Whether there are integers of uint64 among the data."""
        return any(leaf.dtype == np.uint64 for _, leaf in self.data)

    def with_data(self, convert: Callable[[Any], Any]) -> tuple[Any, list[Any]]:
        """Return arguments with ``convert(array)`` for each of the data, and those arrays.

        The arguments are a tuple of the positional ones and a dictionary of the others.
        """
        made = [convert(leaf) for _, leaf in self.data]
        arrays: dict[int, list[Any]] = {}
        for (_, leaf), array in zip(self.data, made, strict=True):
            arrays.setdefault(id(leaf), []).append(array)

        def own(leaf: Any) -> Any:
            same = arrays.get(id(leaf))  # a run may have put other arrays into the inputs
            return same.pop(0) if same else own_copy(leaf)

        return rebuilt(self._given, own, copied=True), made

    def on_numpy(self, convert: Callable[[Any], Any]) -> Parts:
        """Return what the function gives NumPy arrays."""
        (args, kwargs), _ = self.with_data(convert)
        found = parts(self.function(*args, **kwargs))
        for place, value in found.leaves.items():
            _check_result(place, value)
        kept = {place: _copy(value) for place, value in found.leaves.items()}
        return Parts(kept, found.containers)


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
            np.array_equal(_rounded(x), x, equal_nan=x.dtype.kind in "fc")
            for _, x in self.call.data
        ):
            return self.wide
        return self.call.on_numpy(_rounded)

    @cached_property
    def limited(self) -> Parts | None:
        """As `rounded`, where float64 pretends to have the limits of float32.

        That is what a function gives in float32 which asks for them, by `finfo`, had it no rounding
        errors. None if it asks for none.
        """
        with _narrow_limits() as asked:
            found = self.call.on_numpy(_rounded)
        return found if asked else None

    @cached_property
    def is_stable(self) -> bool:
        """Whether the function gives the same a second time."""
        again = self.call.on_numpy(_wide).leaves
        return again.keys() == self.wide.leaves.keys() and all(
            _same(value, again[place]) for place, value in self.wide.leaves.items()
        )


def is_numpy(value: Any) -> bool:
    """Tell whether a leaf of NumPy's result is an array or one of NumPy's scalars."""
    return isinstance(value, np.ndarray | np.generic)


def is_number(value: Any) -> bool:
    """Tell whether a leaf is a number of Python's."""
    return isinstance(value, _NUMBERS) and not isinstance(value, np.generic)


def _merged(value: Any) -> Any:
    """Return nested containers with an array for each list of floats."""
    if isinstance(value, list) and _holds_floats(value):
        return host_data(value)
    if isinstance(value, list | tuple):
        new = [_merged(item) for item in value]
        same = all(a is b for a, b in zip(new, value, strict=True))
        return value if same or type(value) not in (list, tuple) else type(value)(new)
    if type(value) is dict:
        return {key: _merged(item) for key, item in value.items()}
    return value


def _holds_floats(value: list[Any]) -> bool:
    found = [leaf for _, leaf in leaves(value)]
    plain = all(is_number(leaf) for leaf in found)
    return plain and any(isinstance(leaf, float | complex) for leaf in found)


def _is_data(value: Any) -> bool:
    return is_numpy(value) and value.dtype.kind in "biufc"


def _copy(value: Any) -> Any:
    """Return a result as it is now: the function may hand out memory that it writes to again."""
    return value.copy() if isinstance(value, np.ndarray) else value


def _check(value: Any) -> None:
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError("inputs must not be masked arrays: no other library knows masks")
    if hasattr(value, "__next__"):
        raise TypeError(
            f"inputs must not be iterators, which can be read once; got {type(value).__name__}"
        )
    if is_numpy(value) or isinstance(value, type):
        return
    if looks_like_array(value) or hasattr(value, "__dlpack__") or hasattr(value, "__array__"):
        raise TypeError(f"inputs must be NumPy arrays; got {type(value).__name__}")


def _check_result(place: str, value: Any) -> None:
    if is_numpy(value):
        known = value.dtype.kind in "biufc" and not isinstance(value, np.ma.MaskedArray)
    else:
        known = isinstance(value, (*_NUMBERS, *_CONSTANTS))
    if not known:
        raise TypeError(
            "the function must return an array, a number, a string or None, or tuples, lists, "
            f"dictionaries or dataclasses of them; got {type(value).__name__}"
            f"{f' at {place}' if place else ''}"
        )


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
