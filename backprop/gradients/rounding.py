"""How much the analytic gradients are rounded: what a cubic leaves over of them on a line.

A difference of numbers near 1, as in `y - t` of a softmax, is rounded like 1, however small it
is. So a gradient far smaller than `dout` may be rounded like `dout`, or not at all: it is measured.
"""

import math
from functools import partial

import numpy as np
import numpy.typing as npt

from backends import Array
from backprop.gradients.settled import settled
from backprop.numerical.phi import Phi
from backprop.numerical.pieces import PIECE, farthest, flat64, flat_host, largest, top
from backprop.numerical.steps import REFINEMENT, step_for
from backprop.targets.nested import is_real, leaves
from backprop.targets.subject import Subject

Indices = npt.NDArray[np.intp]

_UNEVEN = np.array([0.37, 1.13, 2.29, 3.11, 4.61])
_OTHER = np.linalg.svd(np.vander(_UNEVEN, 4).T)[2][-1]  # what no cubic has a part in
_LEVELS = range(-2, 5)
_LEAST = 8.0  # eps of its size by which a gradient is rounded anyway
_SMALL = 0.1  # a gradient below this share of `dout`
_DOUT = 10.0  # may be rounded by this many eps of the largest `dout`
_TOP = 1024  # of the largest entries of a large gradient
_MARGIN = 10.0  # and by this many times what was measured


def allowances(subject: Subject, phi: Phi, gradients: dict[str, Array]) -> dict[str, float]:
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
    sizes = {name: largest(gradients[name]) for name in found if is_real(gradients.get(name))}
    small = [name for name, size in sizes.items() if 0 < size < _SMALL * dout]
    measured = _measured(subject, phi, gradients, {name: sizes[name] for name in small})
    for name, rounded in measured.items():
        found[name] = min(found[name], _MARGIN * rounded)
    return found


def _measured(
    subject: Subject, phi: Phi, gradients: dict[str, Array], sizes: dict[str, float]
) -> dict[str, float]:
    """Return the noise of gradients of given sizes; of none where one can't be measured."""
    known: dict[float, dict[str, float]] = {}
    which = {name: _looked_at(gradients[name]) for name in sizes}

    def left(name: str, level: float) -> float:
        if level not in known:
            known[level] = _left(subject, phi, level, which)
        return known[level].get(name, math.inf)

    try:
        return {
            name: settled(partial(left, name), _LEAST * phi.eps_of(name) * size, _LEVELS)
            for name, size in sizes.items()
        }
    except Exception:  # a point may be beyond a border of what the target accepts
        return {}


def _looked_at(gradient: Array) -> Indices:
    """Return the entries that tell how a gradient is rounded: the largest, and some from all over.

    Not all of a large one, whose sums would take as much memory.
    """
    values = flat_host(gradient)
    if values.size <= PIECE:
        return np.arange(values.size)
    return np.concatenate([top(values, _TOP), np.arange(0, values.size, values.size // PIECE)])


def _left(subject: Subject, phi: Phi, level: float, which: dict[str, Indices]) -> dict[str, float]:
    """Return the largest entry of what a cubic leaves over of each gradient."""
    step = step_for(phi.eps) / REFINEMENT**level
    sums: dict[str, npt.NDArray[np.float64]] = {}

    def add(returned: object, weight: float) -> None:
        for name, g in subject.look(returned).items():
            if name in which:
                sums[name] = sums.get(name, np.zeros(1)) + weight * flat_host(g)[which[name]]

    for distance, weight in zip(_UNEVEN.tolist(), _OTHER.tolist(), strict=True):
        with phi.displaced(step * distance, np.random.default_rng(0)):
            subject.passes.again(partial(add, weight=weight))
    return {name: largest(total) for name, total in sums.items()}


def shaken(subject: Subject, phi: Phi, gradients: dict[str, Array], eps: float) -> dict[str, float]:
    """Return by how much gradients differ where each entry of all arrays is rounded like `eps`."""

    def differences(returned: object) -> dict[str, float]:
        moved = subject.look(returned)
        return {name: farthest(g, gradients[name]) for name, g in moved.items() if is_real(g)}

    with phi.displaced(eps, np.random.default_rng(0), relative=True):
        return subject.passes.again(differences)


def of_outputs(subject: Subject, phi: Phi) -> float:
    """Return the spacing of the narrowest dtype that holds all outputs: they are rounded to it.

    What computes in float32 inside gives values of float32, in whatever dtype they come.
    """

    def narrowest(y: object) -> float:
        found = [flat64(leaf) for _, leaf in leaves(y) if is_real(leaf)]
        for narrow in (np.float16, np.float32):
            with np.errstate(over="ignore"):
                if all(np.array_equal(values, values.astype(narrow)) for values in found):
                    return float(np.finfo(narrow).eps)
        return float(np.finfo(np.float64).eps)

    with phi.displaced(step_for(phi.eps), np.random.default_rng(0)):
        return subject.passes.forward(narrowest)
