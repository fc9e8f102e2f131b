"""Checks of numbers, truth values and paths given as arguments: an error names the argument."""

import math
import numbers
import operator
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def whole(name: str, value: Any, least: int = 1) -> int:
    """Return a whole number of `least` or more.

    Raises
    ------
    TypeError
        When `value` is no integer, of Python or NumPy.
    ValueError
        When it is less than `least`.
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"`{name}` must be a whole number; got {value!r}")
    number = operator.index(value)
    if number < least:
        raise ValueError(f"`{name}` must be {least} or more; got {number}")
    return number


def wholes(name: str, values: Any) -> tuple[int, ...]:
    """Return whole numbers of 1 or more, from a sequence.

    Raises
    ------
    TypeError
        When `values` is no sequence, or holds something else than integers.
    ValueError
        When one is less than 1.
    """
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise TypeError(f"`{name}` must be a sequence of whole numbers; got {values!r}")
    return tuple(whole(f"{name}[{i}]", value) for i, value in enumerate(values))


def number(name: str, value: Any) -> float:
    """Return a number as a float.

    Raises
    ------
    TypeError
        When `value` is no real number.
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"`{name}` must be a number; got {value!r}")
    try:
        return float(value)
    except OverflowError:  # an integer of Python's
        return math.inf if operator.gt(value, 0) else -math.inf


def positive(name: str, value: Any) -> Any:
    """Return a number that is positive and finite.

    Raises
    ------
    TypeError
        When `value` is no real number.
    ValueError
        When it is not positive and finite.
    """
    if not 0 < number(name, value) < math.inf:
        raise ValueError(f"`{name}` must be positive and finite; got {value!s:.40}")
    return value


def at_least_0(name: str, value: Any) -> float:
    """Return a number as a float.

    Raises
    ------
    TypeError
        When `value` is no real number.
    ValueError
        When it is negative or not finite.
    """
    found = number(name, value)
    if not 0 <= found < math.inf:
        raise ValueError(f"`{name}` must be finite and 0 or more; got {value}")
    return found


def a_share(name: str, value: Any) -> float:
    """Return a number as a float.

    Raises
    ------
    TypeError
        When `value` is no real number.
    ValueError
        When it is not in [0, 1).
    """
    found = number(name, value)
    if not 0 <= found < 1:
        raise ValueError(f"`{name}` must be in [0, 1); got {value}")
    return found


def truth(name: str, value: Any) -> bool:
    """Return a truth value.

    Raises
    ------
    TypeError
        When `value` is neither True nor False, of Python or NumPy: a text would be true.
    """
    if not isinstance(value, bool) and type(value).__name__ not in ("bool_", "bool"):
        raise TypeError(f"`{name}` must be True or False; got {value!r:.80}")
    return bool(value)


def a_path(name: str, value: Any) -> Path:
    """Return a path.

    Raises
    ------
    TypeError
        When `value` is no text and no path.
    ValueError
        When it is empty, or no system's: of half a character, or with a zero byte.
    """
    if not isinstance(value, str | os.PathLike):
        raise TypeError(f"`{name}` must be a path; got {type(value).__name__}")
    try:
        known = os.fsencode(value)
    except UnicodeEncodeError:
        known = b""
    if not known or b"\0" in known:
        raise ValueError(f"`{name}` must be a path that a file can have; got {os.fspath(value)!r}")
    return Path(os.fsdecode(known))
