"""A call of a function: what it is given on each run, and what it gives NumPy arrays."""

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, NamedTuple

import numpy as np

from ..host import host_data
from .copies import Copies, arrays_in, own_copy
from .parts import Parts, parts
from .structure import is_namespace, leaves, looks_like_array

_CONSTANTS = (type(None), str, bytes, slice, range, type(Ellipsis), Enum)
_NUMBERS = (bool, int, float, complex)


class Inputs(NamedTuple):
    """What one run is given."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    arrays: list[Any]
    """Those of the data, in their order."""
    others: list[tuple[Any, Any]]
    """Arrays of strings, dates and objects: what is handed on, and a copy to compare it with."""


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
        self._given = _merged((inputs, dict(kwargs)), {})
        found = arrays_in(self._given, looks_like_array)
        for leaf in (*found, *(leaf for _, leaf in leaves(self._given))):
            _check(leaf)
        self.data = [leaf for leaf in found if _is_data(leaf)]
        if not self.data:
            raise TypeError(
                "inputs must hold a NumPy array, a scalar of NumPy or a list of floats, or every "
                "backend would be given the same; got none"
            )

    @property
    def has_floats(self) -> bool:
        """Whether there are floats among the data."""
        return any(leaf.dtype.kind in "fc" for leaf in self.data)

    @property
    def has_complex(self) -> bool:
        """Whether there are complex numbers among the data."""
        return any(leaf.dtype.kind == "c" for leaf in self.data)

    @property
    def has_uint64(self) -> bool:
        """Whether there are integers of uint64 among the data."""
        return any(leaf.dtype == np.uint64 for leaf in self.data)

    def with_data(self, convert: Callable[[Any], Any], xp: Any = None) -> Inputs:
        """Return inputs with ``convert(array)`` for each of the data, and `xp` for NumPy itself."""
        made: list[Any] = []
        others: list[tuple[Any, Any]] = []

        def own(leaf: Any) -> Any:
            if is_namespace(leaf):
                return xp if xp is not None and _is_numpys(leaf) else leaf
            if _is_data(leaf):
                made.append(convert(leaf))
                return made[-1]
            if not isinstance(leaf, np.ndarray):
                return leaf
            new = leaf.copy() if leaf.dtype.kind != "O" else own_copy(leaf)
            others.append((new, new.copy()))
            return new

        args, kwargs = Copies(own)(self._given)
        return Inputs(args, kwargs, made, others)

    def on_numpy(self, convert: Callable[[Any], Any]) -> Parts:
        """Return what the function gives NumPy arrays."""
        given = self.with_data(convert)
        found = parts(self.function(*given.args, **given.kwargs))
        for place, value in found.leaves.items():
            _check_result(place, value)
        return found._replace(leaves=_copied(found.leaves), private=_copied(found.private))


def is_numpy(value: Any) -> bool:
    """Tell whether a leaf of NumPy's result is an array or one of NumPy's scalars."""
    return isinstance(value, np.ndarray | np.generic)


def is_number(value: Any) -> bool:
    """Tell whether a leaf is a number of Python's."""
    return isinstance(value, _NUMBERS) and not isinstance(value, np.generic)


def _merged(value: Any, known: dict[int, Any]) -> Any:
    """Return nested containers with an array for each list of floats, the same for the same."""
    if type(value) not in (list, tuple, dict):
        return value
    if id(value) in known:
        return known[id(value)]
    known[id(value)] = value  # it may lie in itself
    if isinstance(value, dict):
        known[id(value)] = {key: _merged(item, known) for key, item in value.items()}
    elif isinstance(value, list) and _holds_floats(value):
        known[id(value)] = host_data(value)
    else:
        new = [_merged(item, known) for item in value]
        if any(a is not b for a, b in zip(new, value, strict=True)):
            known[id(value)] = type(value)(new)
    return known[id(value)]


def _holds_floats(value: list[Any]) -> bool:
    found = [leaf for _, leaf in leaves(value)]
    plain = all(is_number(leaf) for leaf in found)
    return plain and any(isinstance(leaf, float | complex) for leaf in found)


def _is_data(value: Any) -> bool:
    return is_numpy(value) and value.dtype.kind in "biufc"


def _is_numpys(xp: Any) -> bool:
    """Tell whether a namespace is NumPy's: itself or that of array-api-compat."""
    return bool(xp.__name__ == "numpy" or xp.__name__.endswith("array_api_compat.numpy"))


def _copied(values: dict[str, Any]) -> dict[str, Any]:
    """Return results as they are now: the function may hand out memory that it writes to again."""
    return {
        place: value.copy() if isinstance(value, np.ndarray) else value
        for place, value in values.items()
    }


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
        known = isinstance(value, (*_NUMBERS, *_CONSTANTS)) or is_namespace(value)
    if not known:
        raise TypeError(
            "the function must return an array, a number, a string or None, or tuples, lists, "
            f"dictionaries or dataclasses of them; got {type(value).__name__}"
            f"{f' at {place}' if place else ''}"
        )
