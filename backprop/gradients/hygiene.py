"""Checks beside the values: mutation, determinism, stale caches, `dout`, dtype and device."""

import math
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

import backends
from backends import Array, namespace
from backprop.arrays import shape
from backprop.numerical.pieces import farthest, flat64, largest, same
from backprop.targets.nested import is_real, leaves, rebuilt
from backprop.targets.objects import attribute, is_array
from backprop.targets.reach import reachable
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
    _check_staleness(subject, names, found)
    return found


def _watched(subject: Subject) -> Iterator[tuple[str, Array]]:
    """Yield the arrays that no pass may change."""
    for keys, leaf in leaves(subject.passes.inputs):
        if is_array(leaf):
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
        return {name: _distance(now[name], g) for name, g in found.gradients.items()}

    return subject.passes.backward(read)


def _distance(a: Array | None, b: Array | None, factor: float = 1.0) -> float:
    """Return the largest entry of |a - factor b|; inf where there is but one, or another shape."""
    if a is None or b is None:
        return 0.0 if a is b else math.inf
    if getattr(a, "shape", ()) != getattr(b, "shape", ()):
        return math.inf
    return 0.0 if factor == 1.0 and same(a, b) else farthest(a, b, factor)


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


def _check_dout(subject: Subject, given: Mapping[str, Array], found: Findings) -> None:
    def read(returned: object) -> dict[str, tuple[float, float]]:
        now = subject.look(returned)
        return {k: (_distance(now[k], g), _distance(now[k], g, 2.0)) for k, g in given.items()}

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


def _other(x: Any) -> Any:
    """Return another input that the target takes as well: other values, in another order.

    Each entry takes the place of its neighbour, so that what a pass keeps of them differs even if
    that is a sign, a place or an order alone. Integers, as labels, are turned round.
    """
    if not is_array(x) or not shape(x):
        return x
    xp = namespace(x)
    return xp.roll(x, 1) * 0.75 + 0.125 if is_real(x) else xp.flip(x, axis=0)


def _check_staleness(subject: Subject, names: list[str], found: Findings) -> None:
    """Run the passes on other inputs and then on these: what is kept of them must not show."""
    passes = subject.passes
    others = rebuilt(passes.inputs, _other)

    def apart(returned: object) -> dict[str, float]:
        now = subject.look(returned)
        return {name: _distance(now[name], found.gradients[name]) for name in names if name in now}

    try:
        distances, steady = passes.unrestored(others, apart)
        if not steady:  # by what passes learn or count, maybe, and not by what they keep
            kept = [place.get() for place in subject.arrays.values()]
            distances, steady = passes.unrestored(others, apart, kept)
        stale = [name for name, far in distances[1].items() if far > _close(found, name)]
        if not steady or not stale:
            return  # what earlier passes left is part of what it computes
        (other, own), _ = passes.unrestored(others, subject.read)
    except Exception:  # other values may lie outside what the target accepts
        return
    for name in stale:
        fresh, later, before = (g.get(name) for g in (found.gradients, own, other))
        if later is None:
            continue
        shapes = {tuple(getattr(g, "shape", ())) for g in (fresh, before, later)}
        if before is not None and len(shapes) == 1:
            added = float(np.abs(flat64(fresh) + flat64(before) - flat64(later)).max(initial=0.0))
            if added <= _close(found, name) + _REPEATED * largest(later):
                found.notes.append(f"{name}: each pass adds to the gradient of those before")
                continue
        found.stale.add(name)


def _close(found: Findings, name: str) -> float:
    gradient = found.gradients.get(name)
    return _REPEATED * max(largest(gradient), 1e-300) if is_real(gradient) else math.inf
