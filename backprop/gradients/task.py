"""The task of comparing a target's gradients: what is known beforehand of all of them."""

from dataclasses import dataclass

import numpy as np

from backends import Array
from backprop.gradients.hygiene import Findings
from backprop.numerical.phi import Phi

_MEASURED = 5  # coordinates beside the largest at which noise is measured, at most
_PATIENCE = 5e-4  # seconds of one evaluation of φ at which it is measured at one of these


@dataclass(frozen=True)
class Task:
    """What is compared, and how.

    Attributes
    ----------
    phi : Phi
        The function that is differentiated.
    found : Findings
        The gradients in the target's own dtypes, and what was noticed.
    wide : dict of str to array
        The gradients in the dtype that φ is computed in.
    dout_size : float
        The largest `dout`.
    rounded : dict of str to float
        By how much the entries of each gradient may be rounded, whatever their own size.
    batch : int or None
        Number of samples.
    step, rtol, atol
        As in `gradcheck`.
    rng : numpy.random.Generator
        Draws samples and directions.
    seconds : float
        How long φ takes.
    """

    phi: Phi
    found: Findings
    wide: dict[str, Array]
    dout_size: float
    rounded: dict[str, float]
    batch: int | None
    step: float | None
    rtol: float | None
    atol: float | None
    rng: np.random.Generator
    seconds: float

    @property
    def patience(self) -> int:
        """At how many coordinates beside the largest noise is measured: fewer where φ is slow."""
        return min(_MEASURED, int(_PATIENCE / self.seconds))
