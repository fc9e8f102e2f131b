"""What an object is to the checker: an array, what holds others, or what is not looked into."""

import random
import sys
import types
from functools import cache
from typing import Any

import numpy as np

import backends

GENERATORS = (
    np.random.Generator,
    np.random.BitGenerator,
    np.random.RandomState,
    random.Random,
)
"""Generators of random numbers, which have a state instead of parts."""

ATOMS = (
    types.BuiltinFunctionType,
    str,
    bytes,
    int,
    float,
    complex,
    np.generic,
    np.dtype,
    types.NoneType,
)
"""What holds nothing."""

_NO_ARRAYS = (*ATOMS, type, types.ModuleType, types.FunctionType, types.MethodType)
_LIBRARIES = ("builtins", "torch", "jax", "numpy", "cupy")
_OWN = ("backends", "backprop")


def attribute(x: Any, name: str) -> Any:
    """Return an attribute; None where there is none, whatever the object raises then."""
    try:
        return getattr(x, name)
    except Exception:
        return None


def has(x: Any, name: str) -> bool:
    """Tell whether an object has an attribute that is not None."""
    return attribute(x, name) is not None


def is_known_array(x: Any) -> bool:
    """Tell whether `x` is an array of numbers, or a NumPy scalar, of a library that is known here.

    An object that merely has a `dtype` is none.
    """
    if isinstance(x, np.ndarray):  # and others that need no closer look, as there are many
        return not is_full(x)
    if isinstance(x, _NO_ARRAYS) and not isinstance(x, np.generic):
        return False
    if not has(x, "dtype") or not has(x, "shape"):
        return False
    try:
        backends.of(x)
    except (TypeError, AttributeError):
        return False
    return True


def is_full(x: Any) -> bool:
    """Tell whether an array holds objects."""
    return isinstance(x, np.ndarray) and x.dtype == object


def is_of_library(x: Any) -> bool:
    """Tell whether a class is one of Python's or an array library's, which is not looked into."""
    return str(x.__module__).partition(".")[0] in _LIBRARIES


def is_installed(x: Any) -> bool:
    """Tell whether a class, function or module is of Python or a package, and not of a program."""
    name = x.__name__ if isinstance(x, types.ModuleType) else attribute(x, "__module__")
    return _installed(str(name or "builtins").partition(".")[0])


@cache
def _installed(package: str) -> bool:
    file = str(attribute(sys.modules.get(package), "__file__"))
    known = package in (*_LIBRARIES, *_OWN) or package in sys.stdlib_module_names
    return known or "site-packages" in file or "dist-packages" in file
