"""Checks beside the values: mutation, determinism, stale caches, `dout`, dtype and device."""

import math
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet

import numpy as np
import numpy.typing as npt

import backends
from backends import Array
from backprop.arrays import shape
from backprop.gradients import staleness
from backprop.gradients.findings import Findings, distance
from backprop.numerical.pieces import flat64, largest, same
from backprop.targets.nested import is_real, leaves
from backprop.targets.objects import attribute, is_known_array
from backprop.targets.reach import reachable
from backprop.targets.subject import Subject

_LINEAR = 1e-2  # by which twice the gradient may miss twice the `dout`


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
    found = Findings({})
    watched, rebound = dict(_watched(subject)), subject.rebound()

    def first(returned: object) -> None:
        found.gradients = subject.read(returned)
        _note_changes(subject, watched, rebound, found)
        found.problems += [
            f"there is a gradient for {key!r}, which is no parameter" for key in _unknown(subject)
        ]

    subject.passes.backward(first)
    given = {name: g for name in names if (g := found.gradients.get(name)) is not None}
    for name, gradient in given.items():
        _check_placement(subject, name, gradient, found)
    for name, apart in _apart(subject, found).items():
        if name in given and not apart <= nondet_tol:
            found.problems.append(f"{name}: two calls on the same inputs give different gradients")
    if subject.passes.calls.takes_dout:
        _check_dout(subject, given, found)
    if subject.passes.seen.dout_changed:
        found.problems.append("dout is changed by the backward pass")
    if subject.passes.seen.outputs_differ:
        found.problems.append("two forward passes on the same inputs give different outputs")
    staleness.check(subject, names, found)
    return found


def _watched(subject: Subject) -> Iterator[tuple[str, Array]]:
    """Yield the arrays that no pass may change."""
    for keys, leaf in leaves(subject.passes.inputs):
        if is_known_array(leaf):
            yield f"input {keys[0]}", leaf
    others = {*subject.positions.values(), *subject.missing}
    for name, place in subject.arrays.items():
        if name not in others and place.path:
            yield name, place.get()


def _note_changes(
    subject: Subject, watched: Mapping[str, Array], rebound: AbstractSet[str], found: Findings
) -> None:
    """Say what is no longer as it was right after a pass."""
    for name, x in watched.items():
        now, before = x, subject.passes.base.values(x)
        if name in subject.arrays:  # a parameter may be another array by now
            now = subject.now(name)
            now = x if now is None else now
        if shape(now) != shape(before) or same(before, now):
            continue
        if name in rebound and same(before, x):
            found.notes.append(f"{name}: each forward pass puts another there; it was put back")
        elif _is_update(flat64(before) - flat64(now), found.gradients.get(name)):
            found.notes.append(f"{name} is updated by the backward pass; it was put back")
        else:
            found.problems.append(f"{name} is changed by the forward or the backward pass")


def _apart(subject: Subject, found: Findings) -> dict[str, float]:
    """Return how far the gradients of one more pass lie from those that were found."""

    def read(returned: object) -> dict[str, float]:
        now = subject.look(returned)
        return {name: distance(now[name], g) for name, g in found.gradients.items()}

    return subject.passes.backward(read)


def _is_update(moved: npt.NDArray[np.float64], gradient: Array) -> bool:
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
            params, grads = (attribute(found.value, key) for key in ("params", "grads"))
            if isinstance(params, Mapping) and isinstance(grads, dict):
                yield from (str(key) for key in grads if key not in params)


def _check_placement(subject: Subject, name: str, gradient: Array, found: Findings) -> None:
    """Say where library, device or dtype are not those of the array."""
    x = subject.arrays[name].get()
    if not is_known_array(gradient):  # a number, whose shape tells
        return
    own, given = backends.of(x), backends.of(gradient)
    if own != given and None not in (own.device, given.device):
        found.problems.append(f"{name}: its gradient must be on {own}; got {given}")
    elif gradient.dtype != x.dtype:
        said = f"{name}: its gradient must have dtype {x.dtype}; got {gradient.dtype}"
        mixed = len({str(p.get().dtype) for p in subject.arrays.values()}) > 1
        (found.notes if mixed else found.problems).append(said)


def _check_dout(subject: Subject, given: Mapping[str, Array], found: Findings) -> None:
    def read(returned: object) -> dict[str, tuple[float, float]]:
        now = subject.look(returned)
        return {k: (distance(now[k], g), distance(now[k], g, 2.0)) for k, g in given.items()}

    for name, (from_one, from_two) in subject.passes.backward(read, 2.0).items():
        size = largest(given[name])
        if not 0.0 < size < math.inf or from_two == math.inf:
            continue
        if from_one == 0.0:
            found.ignoring.add(name)
            found.problems.append(
                f"{name}: `dout` is ignored: twice the `dout` gives the same gradient"
            )
        elif from_two > _LINEAR * size:
            found.problems.append(
                f"{name}: twice the `dout` must give twice the gradient; it does not"
            )
