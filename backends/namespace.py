"""Arrays decide: which namespace an array's functions live in, and which device it is on."""

from functools import cache
from types import ModuleType
from typing import Any, Literal, Protocol, TypeAlias

import array_api_compat

Array: TypeAlias = Any
"""An array of any library that implements the Array API standard."""
Device: TypeAlias = Any
"""A library's own device object."""
DType: TypeAlias = Any
"""A library's own dtype object."""


class ArrayIn(Protocol):
    """What type checkers let in where an array must come: an array of any library, no text or list.

    `Array`, which comes out, is any type: no library's arrays have all that another's have.
    """

    @property
    def shape(self) -> Any:
        """Lengths of the axes."""

    @property
    def ndim(self) -> int:
        """Number of axes."""

    @property
    def dtype(self) -> Any:
        """The library's own dtype object."""


class _HasItemsize(Protocol):
    @property
    def itemsize(self) -> Any: ...


FloatName: TypeAlias = Literal["float32", "float64", "float16", "bfloat16"]
"""The floating dtypes by name, where library and device have them."""
FloatDType: TypeAlias = FloatName | type | _HasItemsize
"""A floating dtype, by name or as a library's own object: NumPy's are classes."""


class Finder(Protocol):
    """What knows arrays that array-api-compat does not: an adaptor."""

    def namespace_of(self, x: object) -> Any:
        """Return the namespace of `x`, or None where `x` is none of its arrays."""

    def device_of(self, x: Array) -> Device:
        """Return the device of `x`, one of its arrays."""


finders: list[Finder] = []
"""Asked in turn, once for each type of array that array-api-compat does not know."""
_namespaces: dict[type, Any] = {}
_found_by: dict[type, Finder] = {}
_on_cpu: set[type] = set()  # types whose arrays are always in host memory


def namespace(x: Array, *others: Array) -> Any:
    """Return the Array API namespace of `x`, which all of `others` must share.

    The answer is array-api-compat's, or that of an adaptor where `x` is of a library that it does
    not know. It is remembered by the type of `x`: a dictionary look-up.

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


def _find(x: Array) -> Any:
    try:
        xp = array_api_compat.array_namespace(x)
    except TypeError:
        xp = _ask_finders(x)
    if array_api_compat.is_numpy_array(x):
        _on_cpu.add(type(x))
    return _namespaces.setdefault(type(x), xp)


def _ask_finders(x: object) -> Any:
    for finder in finders:
        if (xp := finder.namespace_of(x)) is not None:
            _found_by[type(x)] = finder
            return xp
    raise TypeError(
        "an array of a library that implements the Array API standard is needed; "
        f"got {type(x).__name__}"
    ) from None


def device(x: Array) -> Device:
    """Return the device that `x` is on: the library's own object, `None` for a traced array.

    Raises
    ------
    TypeError
        When `x` is no array.
    """
    if type(x) in _on_cpu:
        return "cpu"
    if type(x) not in _namespaces:
        _find(x)
    finder = _found_by.get(type(x))
    return array_api_compat.device(x) if finder is None else finder.device_of(x)


@cache
def isdtype(xp: ModuleType, dtype: DType, kind: str | tuple[str, ...]) -> bool:
    """Return `xp.isdtype(dtype, kind)`, remembered."""
    return bool(xp.isdtype(dtype, kind))
