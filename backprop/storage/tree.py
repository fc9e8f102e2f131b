"""Nested dictionaries and lists with arrays in them, as JSON beside named arrays; no code."""

import numbers
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from backprop.arrays import host_values, is_array, is_bfloat16


class Narrow(NamedTuple):
    """An array that was read, and the dtype that it was written in, which NumPy lacks."""

    array: Any
    dtype: str


def flat(value: Any, name: str, arrays: dict[str, Any]) -> Any:
    """Return `value` in JSON values, and put what it holds of arrays into `arrays`.

    Parameters
    ----------
    value : object
        Dictionaries, lists and plain tuples of arrays of any library, numbers, strings, None. A
        key is a number, a string, None or a tuple of these.
    name : str
        What the arrays' names begin with.
    arrays : dict
        Gets the arrays, as NumPy's.

    Raises
    ------
    TypeError
        When it holds anything else.
    """
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, np.generic) or (is_array(value) and not isinstance(value, numbers.Number)):
        return _array(value, name, arrays)
    if isinstance(value, int | float):
        return value
    if isinstance(value, Mapping):
        if all(isinstance(key, str) and key[:1] != "$" for key in value):
            return {key: flat(item, f"{name}/{_part(key)}", arrays) for key, item in value.items()}
        pairs = enumerate(value.items())
        return {
            "$items": [
                [_key(k, f"{name}/key{i}", arrays), flat(v, f"{name}/{i}", arrays)]
                for i, (k, v) in pairs
            ]
        }
    if isinstance(value, list) and value and all(type(item) is float for item in value):
        arrays[name] = np.asarray(value)  # a loss for each step would make a long text
        return {"$floats": name}
    if type(value) in (list, tuple):
        items = [flat(item, f"{name}/{i}", arrays) for i, item in enumerate(value)]
        return items if isinstance(value, list) else {"$tuple": items}
    raise TypeError(
        f"{name} must hold arrays, numbers and strings, in dictionaries and lists, to be written; "
        f"got {type(value).__name__}"
    )


def _part(key: str) -> str:
    """Return a key as a part of a name: "a/b" is another one than "b" within "a"."""
    return key.replace("~", "~0").replace("/", "~1")


def _key(key: Any, name: str, arrays: dict[str, Any]) -> Any:
    """Return a key in JSON values; one must come back from them, and no array is one."""
    written = flat(key, name, arrays)
    try:
        hash(nested(written, arrays))
    except TypeError:
        raise TypeError(
            f"{name} must hold numbers and strings, as a key, to be written; got "
            f"{type(key).__name__}"
        ) from None
    return written


def _array(value: Any, name: str, arrays: dict[str, Any]) -> dict[str, str]:
    host = host_values(value)
    if host.dtype.kind not in "biuf":
        raise TypeError(f"{name} must hold real numbers to be written; got {host.dtype}")
    tag = "$scalar" if isinstance(value, np.generic) else "$array"
    if host.dtype.kind != "b":
        arrays[name] = host
        return {tag: name} | ({"dtype": "bfloat16"} if is_bfloat16(value) else {})
    arrays[name] = host.astype(np.uint8)
    return {tag: name, "dtype": "bool"}


def nested(value: Any, arrays: Mapping[str, Any]) -> Any:
    """Return what `flat` was given, its arrays as NumPy's.

    Raises
    ------
    ValueError
        When `value` and `arrays` are nothing that `flat` gives, which names each array once.
    """
    return _nested(value, dict(arrays))


def _nested(value: Any, arrays: dict[str, Any]) -> Any:
    """Return what `flat` was given, and take the arrays out that it holds."""
    if isinstance(value, list):
        return [_nested(item, arrays) for item in value]
    if not isinstance(value, dict):
        return value
    tag = next((key for key in value if key[:1] == "$"), None)
    if tag is None:
        return {key: _nested(item, arrays) for key, item in value.items()}
    held = value[tag]
    try:
        if tag == "$items":
            return {_nested(k, arrays): _nested(v, arrays) for k, v in held}
        if tag == "$tuple":
            return tuple(_nested(item, arrays) for item in held)
        array = arrays.pop(held)
        if value.get("dtype") == "bfloat16":
            return Narrow(array, "bfloat16")
        if value.get("dtype") == "bool":
            array = array.astype(bool)
        as_was: dict[str, Callable[[Any], Any]] = {
            "$array": np.asarray,
            "$scalar": lambda x: x[()],
            "$floats": np.ndarray.tolist,
        }
        return as_was[tag](array)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{tag} {str(held)[:80]!r}: {type(error).__name__}") from None
