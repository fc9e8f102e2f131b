"""Stale caches: what is kept of a pass on other inputs and parameters must not show in the next."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from backends import is_writable, namespace
from backprop.arrays import shape
from backprop.gradients.findings import Findings, distance
from backprop.numerical.perturb import Place
from backprop.numerical.pieces import finite, flat64, largest
from backprop.targets.nested import is_real, rebuilt
from backprop.targets.objects import is_known_array
from backprop.targets.subject import Subject

_TIMES = (1.0, 2.0)  # how often a pass adds the gradient of one before: of its input, too, if kept
_SMALLER = 0.75  # by how much others are smaller
_REPEATED = 1e-6  # by which a pass after another may differ from one after none


@dataclass(frozen=True)
class _After:
    """What a pass gave after one on other inputs.

    Attributes
    ----------
    far : dict of str to float
        How far its gradients lie from those of a first pass.
    steady : bool
        Whether its outputs are those of a first pass.
    grown : bool
        Whether lists grow with each pass.
    """

    far: dict[str, float]
    steady: bool
    grown: bool


def check(subject: Subject, names: list[str], found: Findings) -> None:
    """Run the passes on something else and then on what is given, and note what is stale.

    With other inputs and other parameters, which are put back after the first of them; with other
    inputs alone where the target doesn't take the parameters, or heeds what it saw of them.
    """
    learnt = {*subject.arrays} - {*subject.positions.values(), *subject.missing}
    params = [subject.arrays[name] for name in learnt]
    kept = [place.get() for place in subject.arrays.values()]
    refusal: Exception | None = None
    for moved, put_back in ((params, None), ([], None), ([], kept)):
        try:
            after = _after_another(subject, names, found, moved, put_back)
            if not after.steady:  # what earlier passes left is part of what it computes
                continue
            stale = [name for name, far in after.far.items() if not far <= _close(found, name)]
            if stale:
                _note(subject, stale, found, moved, after.grown)
            return
        except Exception as error:  # other values may lie outside what the target accepts
            refusal = error
    if refusal is not None:
        found.notes.append(
            "whether a cache is stale was not seen, as passes on other values raise "
            f"{type(refusal).__name__}: {refusal}"
        )


def _after_another(
    subject: Subject,
    names: list[str],
    found: Findings,
    moved: Sequence[Place],
    put_back: Sequence[Any] | None,
) -> _After:
    sizes: list[int] = []

    def apart(returned: object) -> dict[str, float]:
        sizes.append(subject.passes.items())
        now = subject.look(returned)
        return {name: distance(now[name], found.gradients[name]) for name in names if name in now}

    (_, far), steady = _unrestored(subject, apart, moved, put_back)
    return _After(far, steady, sizes[0] != sizes[1])


def _unrestored(
    subject: Subject, read: Any, moved: Sequence[Place], put_back: Sequence[Any] | None = None
) -> tuple[tuple[Any, Any], bool]:
    """Return what `read` makes of both passes, the parameters `moved` for the first of them."""
    passes = subject.passes
    found = [(place, place.get()) for place in moved]
    saved = [(p, x) for p, x in found if not is_writable(x) or passes.base.holds(x)]

    def once(returned: object) -> Any:
        result = read(returned)
        back()
        return result

    def back() -> None:
        while saved:
            place, x = saved.pop()
            if is_writable(x):
                x[...] = passes.base.values(x)
            if place.get() is not x:
                place.set(x)

    passes.base.restore()
    for place, x in saved:
        if is_writable(x):
            x[...] = namespace(x).roll(x, 1)
            x *= _SMALLER  # in place, as it may be large
        else:
            place.set(_other(x))
    try:
        return passes.unrestored(rebuilt(passes.inputs, _other), once, put_back)
    finally:
        back()


def _note(
    subject: Subject, stale: list[str], found: Findings, moved: Sequence[Place], grown: bool
) -> None:
    """Note what is stale, and what only adds to the gradients of passes before."""
    moved = () if grown else moved  # a sum over all that was seen is one with the same parameters
    (other, own), _ = _unrestored(subject, subject.read, moved)
    for name in stale:
        fresh, later, before = (g.get(name) for g in (found.gradients, own, other))
        if later is None:
            continue
        shapes = {tuple(getattr(g, "shape", ())) for g in (fresh, before, later)}
        alike = before is not None and len(shapes) == 1
        if alike:
            new, old = flat64(later) - flat64(fresh), flat64(before)
            if not (finite(old) or finite(new)):  # at those inputs there may be no gradient
                continue
            added = min(float(np.abs(new - k * old).max(initial=0.0)) for k in _TIMES)
            if added <= _close(found, name) + _REPEATED * largest(later) < math.inf:
                found.notes.append(f"{name}: each pass adds to the gradient of those before")
                continue
        if alike or not grown:  # a list of gradients may have become longer
            found.stale.add(name)


def _other(x: Any) -> Any:
    """Return another input that the target takes as well: other values, in another order.

    Each entry takes the place of its neighbor, so that what a pass keeps of them differs even if
    that is a sign, a place or an order alone. Integers, as labels, are turned round.
    """
    if not is_known_array(x) or not shape(x):
        return x
    xp = namespace(x)
    return xp.roll(x, 1) * _SMALLER + 0.125 if is_real(x) else xp.flip(x, axis=0)


def _close(found: Findings, name: str) -> float:
    gradient = found.gradients.get(name)
    return _REPEATED * max(largest(gradient), 1e-300) if is_real(gradient) else math.inf
