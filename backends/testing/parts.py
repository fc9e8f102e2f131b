"""What a result consists of, each part by its place; and what of it is judged."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from .structure import (
    Leaf,
    items_of,
    leaves,
    looks_like_array,
    private,
    properties,
)

_NUMBERS = (bool, int, float, complex)


class Parts(NamedTuple):
    """What nested containers consist of, each part by its place.

    Attributes
    ----------
    leaves : dict of str to object
        What is no container, in public: judged in full.
    containers : dict of str to object
        The containers.
    shown : set of str
        Places of the leaves that properties give.
    private : dict of str to object
        Arrays and numbers in private attributes of objects: their values are judged. Truths and
        strings often say how the others lie.
    bare : set of str
        Places of private arrays of objects that show no array in public: judged in full.
    """

    leaves: dict[str, Any]
    containers: dict[str, Any]
    shown: set[str]
    private: dict[str, Any]
    bare: set[str]

    def at(self, place: str) -> Any:
        """Return what lies at a place; None where there is nothing."""
        return self.leaves.get(place, self.private.get(place))


def parts(value: Any) -> Parts:
    """Return what nested containers consist of."""
    found = Parts({}, {}, set(), {}, set())
    _add(found, value, "", ())
    return found


def _add(found: Parts, value: Any, place: str, above: tuple[int, ...]) -> None:
    hidden: list[Leaf] = []
    shown: list[Leaf] = []
    items = None if id(value) in above else items_of(value)
    if id(value) not in above:
        hidden = [
            leaf for name in private(value) for leaf in _private(getattr(value, name), f".{name}")
        ]
        shown = list(_shown(value))
    arrays = [key for key, item in hidden if looks_like_array(item)]
    if items is None and not shown and not arrays:
        found.leaves[place] = value
        return
    found.containers[place] = value
    for key, item in items or ():
        _add(found, item, place + key, (*above, id(value)))
    for key, item in shown:
        inner = {place + key + more: leaf for more, leaf in leaves(item)}
        found.leaves.update(inner)
        found.shown.update(inner)
    found.private.update((place + key, item) for key, item in hidden)
    face = [*(items or ()), *shown]
    if not any(looks_like_array(leaf) for _, item in face for _, leaf in leaves(item)):
        found.bare.update(place + key for key in arrays)


def _private(value: Any, place: str, above: tuple[int, ...] = ()) -> Iterator[Leaf]:
    """Yield the arrays and the numbers in a private attribute; other objects are its own."""
    if looks_like_array(value) or (isinstance(value, _NUMBERS) and not isinstance(value, bool)):
        yield place, value
    elif isinstance(value, list | tuple | Mapping) and id(value) not in above:
        for key, item in items_of(value) or ():
            yield from _private(item, place + key, (*above, id(value)))


def _shown(value: Any) -> Iterator[Leaf]:
    """Yield the arrays and numbers that the properties of an object give, where they give any."""
    for name in properties(value):
        try:
            given = getattr(value, name)
        except Exception:  # not fitted yet; or there are no values
            continue
        inside = [leaf for _, leaf in leaves(given)]
        plain = isinstance(given, list | tuple | Mapping) or looks_like_array(given)
        if (plain or isinstance(given, _NUMBERS)) and all(
            looks_like_array(leaf) or isinstance(leaf, _NUMBERS) for leaf in inside
        ):
            yield f".{name}", given


def unlike(value: Any, other: Any) -> str:
    """Return in what a container is unlike another, what lies in them left out; empty if alike."""
    kinds = [kind(value), kind(other)]
    if kinds[0] != kinds[1]:
        return f"must be {kinds[1]}; got {kinds[0]}"
    if isinstance(other, list | tuple | Mapping) and len(value) != len(other):
        return f"must have {len(other)} items; got {len(value)}"
    names = getattr(other, "_fields", ())
    if missing := [name for name in names if not hasattr(value, name)]:
        return f"must be a {type(other).__name__} with .{missing[0]}; got {type(value).__name__}"
    moved = [name for i, name in enumerate(names) if getattr(value, name) is not value[i]]
    if moved:
        return f"must have .{moved[0]} at [{names.index(moved[0])}]; it stands elsewhere"
    return ""


def kind(value: Any) -> str:
    """Return what a container is: a tuple is a list, for libraries differ there (`meshgrid`)."""
    if isinstance(value, tuple | list):
        return "a list or tuple"
    return "a mapping" if isinstance(value, Mapping) else "an object"
