"""From a target and its inputs to the subject of a check."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Any

import numpy as np

from backprop.layers.layer import Layer
from backprop.numerical.perturb import Place
from backprop.targets import places
from backprop.targets.arguments import is_label
from backprop.targets.calls import Calls
from backprop.targets.conventions import calls_of
from backprop.targets.leftovers import clear_gradients
from backprop.targets.moving import adopt_lazy
from backprop.targets.nested import leaves, of_rows, rebuilt
from backprop.targets.numbers import copied, promote_integers, promote_numbers
from backprop.targets.objects import attribute, is_known_array
from backprop.targets.parameters import find_parameters
from backprop.targets.passes import Passes
from backprop.targets.paths import floating_arrays, readable
from backprop.targets.places import Keys
from backprop.targets.subject import Options, Subject
from backprop.targets.unread import note_unread, unread_arrays

NOTHING = "there must be a floating input or a parameter to differentiate by; got none"


def subject_of(
    target: Any, inputs: Sequence[Any], options: Options, rng: np.random.Generator
) -> Subject:
    """Return the subject for a target of any kind.

    Raises
    ------
    TypeError
        When the target follows no known convention.
    ValueError
        When there is nothing to differentiate by, or an option names what there is not.
    """
    given = [of_rows(x, flat=isinstance(target, Layer)) for x in inputs]
    own = [rebuilt(x, lambda leaf: copied(leaf, given)) for x in given]
    calls = calls_of(target, own, options.kwargs, options.output)
    for name in options.kwargs:
        if name not in calls.keywords:
            raise ValueError(f"`kwargs` must be arguments of the target's passes; got {name!r}")
    if any(x is not y for x, y in zip(given, inputs, strict=True)):
        calls = _of_rows(calls)
    if options.names is not None:
        calls = replace(calls, names=tuple(options.names) + calls.names[len(options.names) :])
    arrays = _input_arrays(own, calls)
    if calls.differentiates_inputs and not arrays and not any(map(floating_arrays, calls.roots)):
        raise ValueError(NOTHING)
    passes = Passes(calls, own, rng)
    try:
        promote_integers(passes)
        promote_numbers(passes)
        numbers = {keys for keys, x in leaves(list(inputs)) if type(x) is float}
        return _search(passes, calls, options, numbers)
    except BaseException:
        passes.end()
        raise


def _of_rows(calls: Calls) -> Calls:
    """Return calls whose outputs are arrays where they come as lists of lists."""

    def forward(xs: Sequence[Any]) -> tuple[Any, Any]:
        y, kept = calls.forward(xs)
        return of_rows(y), kept

    return replace(calls, forward=forward)


def _input_arrays(inputs: list[Any], calls: Calls) -> dict[str, Place]:
    """Return the floating arrays among the inputs, by name."""
    if not calls.differentiates_inputs:
        return {}
    found = {}
    for place in floating_arrays(inputs).values():
        (_, first), *rest = place.path
        inner = readable(tuple(rest))
        found[f"{calls.names[first]}{inner if inner.startswith('[') else ''}"] = place
    return found


def _search(passes: Passes, calls: Calls, options: Options, numbers: AbstractSet[Keys]) -> Subject:
    inputs = _input_arrays(passes.inputs, calls)
    subject = Subject(calls.name, passes, {}, {}, {}, {})
    subject.batch = next(
        (int(x.shape[0]) for _, x in leaves(passes.inputs) if is_known_array(x) and x.ndim > 1),
        None,
    )
    adopt_lazy(passes)
    _check_constants(options.constants, [*calls.names, *inputs], calls.roots)
    left = passes.backward(lambda v: _find_inputs(subject, inputs, options.constants, numbers, v))
    find_parameters(subject, options, left)
    note_unread(subject, options)
    clear_gradients(subject)
    if not subject.arrays:
        raise ValueError(NOTHING)
    subject.note_fresh()
    return subject


def _check_constants(constants: Sequence[str], inputs: list[str], roots: Sequence[Any]) -> None:
    """Raise a ValueError unless constants are inputs, or arrays that are reachable."""
    if not constants:
        return
    known = dict.fromkeys(inputs)
    for root in roots:
        params = attribute(root, "params")
        known |= dict.fromkeys(params if isinstance(params, Mapping) else ())
        known |= dict.fromkeys(floating_arrays(root)) | dict.fromkeys(unread_arrays(root))
    for name in constants:
        if name not in known:
            raise ValueError(f"`constants` must be among {', '.join(known)}; got {name!r}")


def _find_inputs(
    subject: Subject,
    inputs: dict[str, Place],
    constants: Sequence[str],
    numbers: AbstractSet[Keys],
    returned: Any,
) -> list[tuple[Any, ...]]:
    """Note where the gradients by inputs stand; return what else was returned.

    Inputs without one need it, but for the targets of losses, and `numbers` beside arrays.
    """
    calls, passes = subject.passes.calls, subject.passes
    wanted = {tuple(key for _, key in place.path): name for name, place in inputs.items()}
    only = places.only_input(returned, passes.inputs, calls.names)
    found, left = places.of_inputs(returned, passes.inputs, calls.names, list(wanted))
    for keys, name in wanted.items():
        where = found.get(keys)
        if where is None and len(keys) == 1:
            where = places.hanging(passes.inputs, keys[0]) or places.of_input_attribute(
                calls.roots, calls.names[keys[0]]
            )
        number = keys in numbers and any(p.get().shape for p in inputs.values())
        if name in constants:
            continue
        if where is None and len(passes.inputs) > 1 and only not in (None, keys[0]):
            subject.notes.append(
                f"{name}: gradients are returned by {calls.names[only]} alone; taken for a constant"
            )
            continue
        if where is None and (number or _is_target(subject, name, found, returned)):
            subject.notes.append(f"{name}: no gradient is returned for it; taken for a constant")
            continue
        subject.arrays[name] = inputs[name]
        if len(keys) == 1:
            subject.positions[keys[0]] = name
        if where is not None:
            subject.where[name] = where
        else:
            subject.missing[name] = _why_missing(returned, len(passes.inputs))
    return left


def _is_target(subject: Subject, name: str, found: Mapping[Any, Any], returned: Any) -> bool:
    """Tell whether an input is the target of a loss: the gradient by the scores came alone.

    A None in its place is no gradient, and not the word of a loss; nor is one gradient for two
    inputs, unless the other is called what targets are called: it may have been forgotten.
    """
    alone = not isinstance(returned, tuple | list) or len(returned) == 1
    scalar = all(
        getattr(v, "shape", ()) == () for _, v in leaves(subject.passes.weighing.cotangents)
    )
    second = name != subject.passes.calls.names[0] and is_label(name)
    return alone and scalar and bool(found or subject.where) and second


def _why_missing(returned: Any, count: int) -> str:
    if returned is None:
        return "backward must return the gradient by its input; it returns None"
    got = len(returned) if isinstance(returned, tuple | list | dict) else 1
    if got == count:
        return "backward returns no array for it; if it is no matter, say so: constants="
    return (
        f"backward must return a gradient for each of the {count} inputs; got {got}; if it is no "
        "matter, say so: constants="
    )
