"""The task of comparing a target's gradients: what is known beforehand of all of them."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from backends import Array
from backprop.gradients import rounding
from backprop.gradients.findings import Findings
from backprop.gradients.judgment import Floats, Limits
from backprop.numerical.phi import ROUND_OFF, Phi
from backprop.numerical.pieces import largest
from backprop.targets.subject import Subject

_MEASURED = 5  # coordinates beside the largest at which noise is measured, at most
_PATIENCE = 5e-4  # seconds of one evaluation of φ at which it is measured at one of these

FINE = 1e-12
"""A dtype of less spacing is float64."""


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
    subject : Subject
        The target, in the dtype that φ is computed in.
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
    subject: Subject
    step: float | None
    rtol: float | None
    atol: float | None
    rng: np.random.Generator
    seconds: float

    @property
    def dout_size(self) -> float:
        """The largest `dout`."""
        return self.subject.passes.dout_size

    @cached_property
    def reference(self) -> float:
        """The largest entry of all gradients."""
        sizes = [largest(g) for g in self.wide.values() if g is not None]
        return max(filter(math.isfinite, sizes), default=0.0)

    @cached_property
    def rounded(self) -> dict[str, float]:
        """By how much the entries of each gradient may be rounded, whatever their own size."""
        return rounding.allowances(self.subject, self.phi, self.wide)

    @cached_property
    def output_eps(self) -> float:
        """The spacing of what outputs are rounded to, whatever dtype they come in."""
        return rounding.of_outputs(self.subject, self.phi)

    def limits(
        self, name: str, eps: float, noise: float, rounding: Floats, coarsest: int
    ) -> Limits:
        """Return what the comparison of a gradient allows.

        Parameters
        ----------
        name : str
            The array.
        eps : float
            The spacing of its gradient's dtype.
        noise, rounding, coarsest
            As in `Limits`.
        """
        return Limits(
            noise,
            self.phi.scale,
            rounding,
            self.reference,
            self.phi.eps_of(name) < FINE,
            self.rtol,
            self.atol,
            quantum=eps * self.dout_size,
            unit=ROUND_OFF * self.phi.eps_of(name) * self.dout_size,
            grain=self.output_eps * self.phi.scale,
            dout=self.dout_size,
            expected=self.phi.rounding(name),
            coarsest=coarsest,
        )

    def shaken(self, name: str, eps: float) -> float:
        """Return by how much a gradient differs where all arrays are rounded like `eps`."""
        return rounding.shaken(self.subject, self.phi, self.wide, eps).get(name, 0.0)

    @property
    def patience(self) -> int:
        """At how many coordinates beside the largest noise is measured: fewer where φ is slow."""
        return min(_MEASURED, int(_PATIENCE / self.seconds))
