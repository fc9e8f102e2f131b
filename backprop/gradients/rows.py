"""Whether samples depend on each other: a softmax over the whole batch is taken for one of rows."""

import numpy as np
import numpy.typing as npt

from backprop.gradients.task import Task
from backprop.numerical.perturb import moved

_FAR = 0.25  # by how much rows are moved
_CLEAR = 1e4  # what is this many times rounding is no rounding
_SMALL = 10_000  # entries of an input that is looked at


def coupled(task: Task, name: str) -> str:
    """Say that the rows of an input depend on each other, if they do.

    Rows that don't, change φ by a sum of what each one changes.

    Parameters
    ----------
    task : Task
        Whose gradient by an input is wrong.
    name : str
        The input.
    """
    place = task.phi.places[name]
    shape = tuple(place.get().shape)
    if name not in task.subject.positions.values() or len(shape) < 2 or shape[0] < 2:
        return ""
    if np.prod(shape) > _SMALL:
        return ""
    by = _FAR * np.random.default_rng(0).standard_normal(shape)
    first, others = by.copy(), by.copy()
    first[1:], others[0] = 0.0, 0.0

    def phi(way: npt.NDArray[np.float64]) -> float:
        with moved(place, lambda where: way[where]):
            return float(task.phi.value())

    together = phi(by) - phi(first) - phi(others) + float(task.phi.value())
    if abs(together) <= _CLEAR * task.phi.rounding(name):
        return ""

    return (
        "the rows depend on each other, as in batch normalization, and in a softmax that is taken "
        "over the whole batch by mistake"
    )
