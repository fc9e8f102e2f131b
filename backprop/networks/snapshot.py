"""The arrays of a network taken out by name, and put back."""

from collections.abc import Mapping
from typing import Any

from backends import Array, Backend, isdtype, namespace
from backprop.arrays import check_real, copy_of, is_array, shape
from backprop.finite import check_finite
from backprop.networks.copies import fitting
from backprop.networks.parameters import Slot


def taken(slots: Mapping[str, Slot]) -> dict[str, Array]:
    """Return copies of the arrays by name."""
    return {name: copy_of(slot.get()) for name, slot in slots.items()}


def put_back(slots: Mapping[str, Slot], arrays: Mapping[str, Any], backend: Backend) -> None:
    """Put copies of `arrays` into their slots; all of them, or none on an error.

    Parameters
    ----------
    slots : mapping of str to Slot
        Where each array goes; its dtype stays what it is there.
    arrays : mapping of str to array
        Arrays of any library, under the same names.
    backend : Backend
        Where they go.

    Raises
    ------
    TypeError
        When an array is not real, or holds fractions where whole numbers belong.
    NotFiniteError
        When an array holds nan or infinity.
    OverflowError
        When a value does not fit into the dtype that it goes to.
    ValueError
        When a name is missing or unexpected, or a shape does not fit.
    """
    if not isinstance(arrays, Mapping):
        raise TypeError(f"the arrays must be a mapping by name; got {type(arrays).__name__}")
    found = {name: x if is_array(x) else backend.asarray(x) for name, x in arrays.items()}
    _check_names(slots, found)
    for name, slot in slots.items():
        _check_kind(name, found[name], slot.get())
        check_finite(found[name], name)
    copies = {n: _fitting(n, found[n], slot.get(), backend) for n, slot in slots.items()}
    for name, slot in slots.items():
        slot.set(copies[name])


def _check_names(slots: Mapping[str, Slot], found: Mapping[str, Array]) -> None:
    """Raise one ValueError that lists all names and shapes that don't fit."""
    missing = [name for name in slots if name not in found]
    unexpected = [name for name in found if name not in slots]
    wrong = [
        f"`{name}` must have shape {shape(slot.get())}, got {shape(found[name])}"
        for name, slot in slots.items()
        if name in found and found[name].shape != slot.get().shape
    ]
    problems = [f"missing: {', '.join(missing)}"] if missing else []
    problems += [f"unexpected: {', '.join(unexpected)}"] if unexpected else []
    problems += wrong
    if problems:
        raise ValueError(f"the arrays must be those of the network; {'; '.join(problems)}")


def _check_kind(name: str, x: Array, old: Array) -> None:
    check_real(f"`{name}`", x)
    if isdtype(namespace(x), x.dtype, "real floating") and not isdtype(
        namespace(old), old.dtype, "real floating"
    ):
        raise TypeError(f"`{name}` must be {old.dtype}; got {x.dtype}")


def _fitting(name: str, x: Array, old: Array, backend: Backend) -> Array:
    """Return a copy in the dtype of `old`; an OverflowError where more than digits were lost."""
    try:
        return fitting(x, backend, old.dtype)
    except OverflowError as error:
        raise OverflowError(f"`{name}` must hold values that {old.dtype} has; {error}") from None
