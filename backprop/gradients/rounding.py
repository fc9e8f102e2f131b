"""How much the analytic gradients are rounded: what a cubic leaves over of them on a line.

A difference of numbers near 1, as in `y - t` of a softmax, is rounded like 1, however small it
is. So a gradient far smaller than `dout` may be rounded like `dout`, or not at all: it is measured.
"""

import math
from typing import Any

import numpy as np

from backprop.numerical.phi import Phi
from backprop.numerical.steps import REFINEMENT, step_for
from backprop.targets.nested import flat64, is_real
from backprop.targets.subject import Subject

_UNEVEN = np.array([0.37, 1.13, 2.29, 3.11, 4.61])
_LEFT = np.linalg.svd(np.vander(_UNEVEN, 4).T)[2][-1]  # what no cubic has a part in
_LEVELS = 4  # a function that bends within the steps leaves more than its rounding
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
    left = _left(subject, phi) if small else {}
    for name in small:
        found[name] = min(found[name], _MARGIN * left.get(name, math.inf))
    return found


def _left(subject: Subject, phi: Phi) -> dict[str, float]:
    """Return the largest entry of what a cubic leaves over, over the steps that leave the least."""
    least: dict[str, float] = {}
    for level in range(_LEVELS):
        step = step_for(phi.eps) / REFINEMENT**level
        sums: dict[str, Any] = {}
        for distance, weight in zip(_UNEVEN.tolist(), _LEFT.tolist(), strict=True):
            with phi.displaced(step * distance, np.random.default_rng(0)):
                try:
                    found = subject.passes.again(subject.read)
                except Exception:  # the point may be a border of what the target accepts
                    return {}
            for name, g in found.items():
                sums[name] = sums.get(name, 0.0) + weight * flat64(g)
        for name, total in sums.items():
            size = float(np.abs(total).max(initial=0.0))
            least[name] = min(least.get(name, math.inf), size if size == size else math.inf)
    return least
