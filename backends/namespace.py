"""Arrays decide: which namespace an array's functions live in, and which device it is on."""

from functools import cache
from types import ModuleType
from typing import Any, TypeAlias

import array_api_compat

Array: TypeAlias = Any
"""An array of any library that implements the Array API standard."""
Device: TypeAlias = Any
"""A library's own device object."""
DType: TypeAlias = Any
"""A library's own dtype object."""

_namespaces: dict[type, ModuleType] = {}
_on_cpu: set[type] = set()  # types whose arrays are always in host memory


def namespace(x: Array, *others: Array) -> Any:
    """Return the Array API namespace of `x`, which all of `others` must share.

    The answer is array-api-compat's, remembered by the type of `x`: a dictionary look-up.

    Raises
    ------
    TypeError
        When an argument is no array of a known library, or two are of different libraries.

    Examples
    --------
    >>> import numpy as np
    >>> xp = namespace(np.ones(3))
    >>> float(xp.sum(np.ones(3)))
    3.0
    """
    xp = _namespaces.get(type(x)) or _find(x)
    for other in others:
        if (_namespaces.get(type(other)) or _find(other)) is not xp:
            names = [a.__name__.removeprefix("array_api_compat.") for a in (xp, _find(other))]
            raise TypeError(
                f"arrays must be of one library; got {names[0]} and {names[1]}; "
                "convert with `backends.of(x).asarray(other)`"
            )
    return xp


def _find(x: Array) -> ModuleType:
    try:
        xp: ModuleType = array_api_compat.array_namespace(x)
    except TypeError:
        raise TypeError(
            "an array of a library that implements the Array API standard is needed; "
            f"got {type(x).__name__}"
        ) from None
    if array_api_compat.is_numpy_array(x):
        _on_cpu.add(type(x))
    return _namespaces.setdefault(type(x), xp)


def device(x: Array) -> Device:
    """Return the device that `x` is on: the library's own object, `None` for a traced array."""
    return "cpu" if type(x) in _on_cpu else array_api_compat.device(x)


@cache
def isdtype(xp: ModuleType, dtype: DType, kind: str | tuple[str, ...]) -> bool:
    """Return `xp.isdtype(dtype, kind)`, remembered."""
    return bool(xp.isdtype(dtype, kind))
