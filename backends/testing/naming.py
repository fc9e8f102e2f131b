"""The full name of a function, by which verdicts are kept."""

import weakref
from collections.abc import Callable
from functools import partial
from typing import Any

_closures: dict[str, list[weakref.ref[Any]]] = {}


def name_of(function: Callable[..., Any]) -> str:
    """Return the full name of a function, as reports and tables have it.

    Closures that one factory made have one name: where several live, those after the first are
    numbered. One that is made anew when the last is gone, as by each run of a test, has its place.
    """
    while isinstance(function, partial):
        function = function.func
    function = getattr(function, "__func__", function)
    plain = getattr(function, "__name__", type(function).__qualname__)
    name = str(getattr(function, "__qualname__", plain))
    module = getattr(function, "__module__", None)
    full = f"{module}.{name}" if module else name
    if getattr(function, "__closure__", None) is None:
        return full
    number = _place(_closures.setdefault(full, []), function)
    return f"{full} #{number + 1}" if number else full


def _place(living: list[weakref.ref[Any]], function: Callable[..., Any]) -> int:
    """Return which of the living functions it is; a new one takes the first place that is free."""
    found = [ref() for ref in living]
    for number, other in enumerate(found):
        if other is function:
            return number
    free = next((number for number, other in enumerate(found) if other is None), len(found))
    living[free : free + 1] = [weakref.ref(function)]
    return free
