"""How much the analytic gradients are rounded: what a cubic leaves over of them on a line.

A difference of numbers near 1, as in `y - t` of a softmax, is rounded like 1, however small it
is. So a gradient far smaller than `dout` may be rounded like `dout`, or not at all: it is measured.
"""

import math
from functools import partial
from typing import Any

import numpy as np

from backprop.gradients.settled import settled
from backprop.numerical.phi import Phi
from backprop.numerical.steps import REFINEMENT, step_for
from backprop.targets.nested import flat64, is_real
from backprop.targets.subject import Subject

_UNEVEN = np.array([0.37, 1.13, 2.29, 3.11, 4.61])
_OTHER = np.linalg.svd(np.vander(_UNEVEN, 4).T)[2][-1]  # what no cubic has a part in
_LEVELS = range(-2, 5)
_LEAST = 8.0  # eps of its size by which a gradient is rounded anyway
_SMALL = 0.1  # a gradient below this share of `dout`
_DOUT = 10.0  # may be rounded by this many eps of the largest `dout`
_MARGIN = 10.0  # and by this many times what was measured


def allowances(subject: Subject, phi: Phi, gradients: dict[str, Any]) -> dict[str, float]:
    """Return by how much the entries of each gradient may be rounded, whatever their own size.

    Parameters
    ----------
    subject : Subject
        In the dtype that φ is computed in.
    phi : Phi
        The function.
    gradients : dict of str to array
        The gradients at the point itself.
    """
    dout = subject.passes.dout_size
    found = {name: _DOUT * dout * phi.eps_of(name) for name in phi.places}
    given = {name: flat64(gradients[name]) for name in found if is_real(gradients.get(name))}
    sizes = {name: float(np.abs(g).max(initial=0.0)) for name, g in given.items()}
    small = [name for name, size in sizes.items() if 0 < size < _SMALL * dout]
    for name, rounded in _measured(subject, phi, {name: sizes[name] for name in small}).items():
        found[name] = min(found[name], _MARGIN * rounded)
    return found


def _measured(subject: Subject, phi: Phi, sizes: dict[str, float]) -> dict[str, float]:
    """Return the noise of gradients of given sizes; of none where one can't be measured."""
    known: dict[float, dict[str, float]] = {}

    def left(name: str, level: float) -> float:
        if level not in known:
            known[level] = _left(subject, phi, level)
        return known[level].get(name, math.inf)

    try:
        return {
            name: settled(partial(left, name), _LEAST * phi.eps_of(name) * size, _LEVELS)
            for name, size in sizes.items()
        }
    except Exception:  # a point may be beyond a border of what the target accepts
        return {}


def _left(subject: Subject, phi: Phi, level: float) -> dict[str, float]:
    """Return the largest entry of what a cubic leaves over of each gradient."""
    step = step_for(phi.eps) / REFINEMENT**level
    sums: dict[str, Any] = {}
    for distance, weight in zip(_UNEVEN.tolist(), _OTHER.tolist(), strict=True):
        with phi.displaced(step * distance, np.random.default_rng(0)):
            found = subject.passes.again(subject.read)
        for name, g in found.items():
            sums[name] = sums.get(name, 0.0) + weight * flat64(g)
    return {name: float(np.abs(total).max(initial=0.0)) for name, total in sums.items()}


def shaken(subject: Subject, phi: Phi, gradients: dict[str, Any], eps: float) -> dict[str, float]:
    """Return by how much gradients differ where each entry of all arrays is rounded like `eps`."""
    with phi.displaced(eps, np.random.default_rng(0), relative=True):
        moved = subject.passes.again(subject.read)
    return {
        name: float(np.abs(flat64(g) - flat64(gradients[name])).max(initial=0.0))
        for name, g in moved.items()
        if is_real(g)
    }
