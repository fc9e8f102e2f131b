"""Checks beside the values: mutation, determinism, stale caches, `dout`, dtype and device."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import backends
from backends import Array, namespace
from backprop.arrays import shape
from backprop.targets.nested import flat64, is_real, leaves, rebuilt
from backprop.targets.objects import follow, is_array, reachable
from backprop.targets.subject import Subject

_LINEAR = 1e-2  # by which twice the gradient may miss twice the `dout`
_REPEATED = 1e-6  # by which a pass after another may differ from one after none


@dataclass
class Findings:
    """What the passes gave and did.

    Attributes
    ----------
    gradients : dict of str to array
        The analytic gradients, copied.
    problems, notes : list of str
        What is wrong beside the values, and what is only worth knowing.
    stale : set of str
        Gradients that are another's after a pass on other inputs.
    ignoring : set of str
        Gradients that stay what they are, whatever `dout` is.
    """

    gradients: dict[str, Array]
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    stale: set[str] = field(default_factory=set)
    ignoring: set[str] = field(default_factory=set)


def inspect(subject: Subject, names: list[str], nondet_tol: float) -> Findings:
    """Run the passes several times and say what they must not do.

    Inputs, parameters and `dout` unchanged; the same answer twice; twice the `dout`, twice the
    gradient; library, device and dtype of each gradient those of its array; no gradient of
    anything else; no cache that a second pass finds stale.

    Parameters
    ----------
    subject : Subject
        The target.
    names : list of str
        The gradients that matter.
    nondet_tol : float
        By how much two calls may differ.
    """
    changed: list[tuple[str, Any, Any]] = []
    watched = dict(_watched(subject))

    def first(returned: Any) -> tuple[dict[str, Array], list[str]]:
        changed.extend(_changes(subject, watched))
        return subject.read(returned), list(_unknown(subject))

    gradients, unknown = subject.passes.backward(first)
    found = Findings(gradients)
    again = subject.gradients()
    for name in names:
        gradient = gradients.get(name)
        if gradient is None:
            continue
        _check_placement(subject, name, gradient, found)
        if not _alike(gradient, again.get(name), nondet_tol):
            found.problems.append(f"{name}: two calls on the same inputs give different gradients")
    if subject.passes.calls.takes_dout:
        _check_dout(subject, names, again, found)
    if subject.passes.seen.dout_changed:
        found.problems.append("dout is changed by the backward pass")
    if subject.passes.seen.outputs_differ:
        found.problems.append("two forward passes on the same inputs give different outputs")
    for name, before, after in changed:
        if _is_update(before - after, gradients.get(name)):
            found.notes.append(f"{name} is updated by the backward pass; it was put back")
        else:
            found.problems.append(f"{name} is changed by the forward or the backward pass")
    found.problems += [f"there is a gradient for {key!r}, which is no parameter" for key in unknown]
    _check_staleness(subject, names, found)
    return found


def _watched(subject: Subject) -> Iterator[tuple[str, tuple[Any, Any]]]:
    """Yield the arrays that no pass may change, with their values."""
    for keys, leaf in leaves(subject.passes.inputs):
        if is_array(leaf):
            yield f"input {keys[0]}", (leaf, flat64(leaf))
    inputs = set(subject.positions.values())
    for name, place in subject.arrays.items():
        if name not in inputs and place.path:
            yield name, (place.get(), flat64(place.get()))


def _changes(
    subject: Subject, watched: Mapping[str, tuple[Any, Any]]
) -> Iterator[tuple[str, Any, Any]]:
    """Yield what is no longer as it was right after a pass: name, values before and after."""
    for name, (x, before) in watched.items():
        now = x
        if name in subject.arrays:  # a parameter may be another array by now
            now = next(
                (v for v in map(_follow(subject, name), subject.passes.calls.roots) if is_array(v)),
                x,
            )
        after = flat64(now)
        if after.shape == before.shape and not np.array_equal(before, after, equal_nan=True):
            yield name, before, after


def _follow(subject: Subject, name: str) -> Any:
    def value(root: Any) -> Any:
        try:
            return follow(root, subject.arrays[name].path)
        except (AttributeError, KeyError, IndexError, TypeError):
            return None

    return value


def _is_update(moved: Any, gradient: Array) -> bool:
    """Tell whether a change is a step of learning: downhill everywhere, and nowhere else."""
    if gradient is None or not is_real(gradient):
        return False
    slope = flat64(gradient)
    if slope.shape != moved.shape:
        return False
    return bool((moved * slope >= 0).all() and (np.sign(moved) == np.sign(slope)).mean() > 0.9)


def _unknown(subject: Subject) -> Iterator[str]:
    """Yield the keys of `grads` that are not among those of `params`."""
    for root in subject.passes.calls.roots:
        for found in reachable(root):
            params, grads = (getattr(found.value, key, None) for key in ("params", "grads"))
            if isinstance(params, Mapping) and isinstance(grads, dict):
                yield from (str(key) for key in grads if key not in params)


def _alike(a: Any, b: Any, tolerance: float) -> bool:
    if a is None or b is None:
        return a is b
    one, two = flat64(a), flat64(b)
    if one.shape != two.shape:
        return False
    if np.array_equal(one, two, equal_nan=True):
        return True
    return bool(np.abs(one - two).max(initial=0.0) <= tolerance)


def _check_placement(subject: Subject, name: str, gradient: Array, found: Findings) -> None:
    """Say where library, device or dtype are not those of the array."""
    x = subject.arrays[name].get()
    if not is_array(gradient):
        if shape(x):
            found.problems.append(f"{name}: its gradient must be an array")
        return
    own, given = backends.of(x), backends.of(gradient)
    if own != given and None not in (own.device, given.device):
        found.problems.append(f"{name}: its gradient must be on {own}; got {given}")
    elif gradient.dtype != x.dtype:
        said = f"{name}: its gradient must have dtype {x.dtype}; got {gradient.dtype}"
        mixed = len({str(p.get().dtype) for p in subject.arrays.values()}) > 1
        (found.notes if mixed else found.problems).append(said)


def _check_dout(
    subject: Subject, names: list[str], once: Mapping[str, Array], found: Findings
) -> None:
    twice = subject.gradients(factor=2.0)
    for name in names:
        if once.get(name) is None or twice.get(name) is None:
            continue
        one, two = flat64(once[name]), flat64(twice[name])
        if one.shape != two.shape or not one.any() or not np.isfinite(one).all():
            continue
        if np.array_equal(one, two):
            found.ignoring.add(name)
            found.problems.append(
                f"{name}: `dout` is ignored: twice the `dout` gives the same gradient"
            )
        elif float(np.abs(two - 2.0 * one).max()) > _LINEAR * float(np.abs(one).max()):
            found.problems.append(
                f"{name}: twice the `dout` must give twice the gradient; it does not"
            )


def _other(x: Any) -> Any:
    """Return another input that the target takes as well: integers, as labels, turned round."""
    if not is_array(x) or not shape(x):
        return x
    return x * 0.75 + 0.125 if is_real(x) else namespace(x).flip(x, axis=0)


def _check_staleness(subject: Subject, names: list[str], found: Findings) -> None:
    """Run the passes on other inputs and then on these: what is kept of them must not show."""
    passes = subject.passes
    others = rebuilt(passes.inputs, _other)
    sizes: list[int] = []

    def read(returned: Any) -> dict[str, Array]:
        sizes.append(
            sum(
                len(f.value)
                for root in passes.calls.roots
                for f in reachable(root)
                if isinstance(f.value, list)
            )
        )
        return subject.read(returned)

    try:
        (other, own), steady = passes.unrestored(list(others), read)
    except Exception:  # other values may lie outside what the target accepts
        return
    if not steady or sizes[0] != sizes[-1]:
        return  # what earlier passes left is part of what it computes
    for name in names:
        fresh, later, before = (g.get(name) for g in (found.gradients, own, other))
        if fresh is None or later is None or not is_real(fresh):
            continue
        one, two = flat64(fresh), flat64(later)
        close = _REPEATED * float(np.abs(one).max(initial=1e-300))
        if one.shape == two.shape and np.abs(one - two).max(initial=0.0) <= close:
            continue
        if before is not None and one.shape == two.shape == flat64(before).shape:
            added = np.abs(one + flat64(before) - two).max(initial=0.0)
            if added <= close + _REPEATED * float(np.abs(two).max(initial=0.0)):
                found.notes.append(f"{name}: each pass adds to the gradient of those before")
                continue
        found.stale.add(name)
