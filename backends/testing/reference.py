"""What NumPy gives: the reference that every row is held to, run once a dtype."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import Enum
from functools import cached_property
from threading import get_ident
from typing import Any
from unittest.mock import patch

import numpy as np

from .structure import Leaf, leaves, rebuilt

_CONSTANTS = (type(None), str, bytes, slice, range, type(Ellipsis), Enum)
_NUMBERS = (bool, int, float, complex)


class Call:
    """A function and what it is given: NumPy arrays, anywhere in containers, are its data.

    So are NumPy's scalars, and lists of Python's floats. A list of integers is handed on as it is:
    it may be axes or a shape.

    Raises
    ------
    TypeError
        When data are masked, or an array of another library.
    """

    def __init__(
        self, function: Callable[..., Any], inputs: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> None:
        self.function = function
        self._given = _merged((inputs, dict(kwargs)))
        self.data = [(place, leaf) for place, leaf in leaves(self._given) if _is_data(leaf)]
        for _, leaf in leaves(self._given):
            _check(leaf)

    @property
    def has_floats(self) -> bool:
        """Whether there are floats among the data."""
        return any(leaf.dtype.kind in "fc" for _, leaf in self.data)

    def with_data(
        self, convert: Callable[[Any], Any]
    ) -> tuple[tuple[tuple[Any, ...], dict[str, Any]], list[Any]]:
        """Return the arguments with ``convert(array)`` for each of the data, and those arrays."""
        made = [convert(leaf) for _, leaf in self.data]
        others = iter(made)
        args = rebuilt(self._given, lambda _, leaf: next(others) if _is_data(leaf) else leaf)
        return args, made

    def on_numpy(self, convert: Callable[[Any], Any]) -> list[Leaf]:
        """Return what the function gives NumPy arrays: each leaf and its place."""
        (args, kwargs), _ = self.with_data(convert)
        found = list(leaves(self.function(*args, **kwargs)))
        for place, value in found:
            _check_result(place, value)
        return found


class Reference:
    """What a call gives on NumPy."""

    def __init__(self, call: Call) -> None:
        self.call = call

    @cached_property
    def wide(self) -> list[Leaf]:
        """In float64."""
        return self.call.on_numpy(_wide)

    @cached_property
    def rounded(self) -> list[Leaf]:
        """In float64, of data rounded to float32: what a row in float32 is held to."""
        if all(
            np.array_equal(_rounded(x), x, equal_nan=x.dtype.kind in "fc")
            for _, x in self.call.data
        ):
            return self.wide
        return self.call.on_numpy(_rounded)

    @cached_property
    def narrow(self) -> list[Leaf] | None:
        """In float32; None unless the function asks for the limits of that dtype, by `finfo`.

        Without that a function has no business to give other values there.
        """
        with _limits_asked() as asked:
            found = self.call.on_numpy(_narrow)
        return found if asked else None

    @cached_property
    def is_stable(self) -> bool:
        """Whether the function gives the same a second time."""
        again = dict(self.call.on_numpy(_wide))
        return again.keys() == dict(self.wide).keys() and all(
            _same(value, again[place]) for place, value in self.wide
        )


def is_array(value: Any) -> bool:
    """Tell whether a leaf of NumPy's result is an array or one of NumPy's scalars."""
    return isinstance(value, np.ndarray | np.generic)


def is_number(value: Any) -> bool:
    """Tell whether a leaf is a number of Python's."""
    return isinstance(value, _NUMBERS) and not isinstance(value, np.generic)


def _merged(value: Any) -> Any:
    """Return nested containers with an array for each list of floats."""
    if isinstance(value, list) and _holds_floats(value):
        return np.array(value)
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
    return is_array(value) and value.dtype.kind in "biufc"


def _check(value: Any) -> None:
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError("inputs must not be masked arrays: no other library knows masks")
    if not is_array(value) and hasattr(value, "__dlpack__"):
        raise TypeError(f"inputs must be NumPy arrays; got {type(value).__name__}")


def _check_result(place: str, value: Any) -> None:
    if is_array(value):
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
    if is_array(a) and is_array(b):
        return np.array_equal(a, b, equal_nan=a.dtype.kind in "fc" and b.dtype.kind in "fc")
    return bool(a == b or (a != a and b != b))


@contextmanager
def _limits_asked() -> Iterator[list[Any]]:
    """Within the context, note each time that this thread asks NumPy for the limits of float32."""
    asked: list[Any] = []
    owner, original = get_ident(), np.finfo.__new__

    def finfo(cls: type, dtype: Any) -> Any:
        found = original(cls, dtype)
        if get_ident() == owner and found.dtype.itemsize < 8:
            asked.append(found)
        return found

    with patch.object(np.finfo, "__new__", staticmethod(finfo)):
        yield asked
