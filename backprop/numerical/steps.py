"""How far to step: a step that balances truncation against round-off, and finer ones.

A difference quotient over a step h is wrong by about h² f''' / 6, as it leaves out higher terms,
and by about eps f / h, as f is rounded; the sum is least near h = eps^(1/3) (W. H. Press et al.,
*Numerical Recipes*, section 5.7). Where f bends on a smaller scale than h, a finer step has to
decide: each level is 16 times finer than the one before.
"""

import math

from backends import DType, namespace
from backprop.arguments import positive

REFINEMENT = 16
"""How many times finer the steps of a level are than those of the level before."""

FINEST = 6
"""The finest level: steps 16⁶ times smaller than the first."""


def step_for(eps: float) -> float:
    """Return the step for magnitudes up to 1 and numbers that are `eps` apart: a power of two.

    A power of two is added to most numbers with little or no rounding: 2^-15 for float64, 2^-6
    for float32.
    """
    return 2.0 ** round(math.log2(4.0 * eps ** (1 / 3)))


def default_step(x: object, dtype: DType) -> float:
    """Return the step for magnitudes up to 1 in arithmetic of `dtype`, of the library of `x`."""
    return step_for(float(namespace(x).finfo(dtype).eps))


def check_step(step: float | None) -> None:
    """Raise a TypeError or ValueError unless `step` is None, or a number, positive and finite."""
    if step is not None:
        positive("step", step)
