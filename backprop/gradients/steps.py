"""How far to step: stencils, and a step that balances truncation against round-off.

A difference quotient over a step h is wrong by about h² f''' / 6, as it leaves out higher terms,
and by about eps f / h, as f is rounded; the sum is least near h = eps^(1/3) (W. H. Press et al.,
*Numerical Recipes*, section 5.7).
"""

import math
from dataclasses import dataclass

from backends import Array, DType, namespace


@dataclass(frozen=True)
class Stencil:
    """f'(x) ≈ Σ weights f(x + offsets h) / (divisor h)."""

    offsets: tuple[int, ...]
    weights: tuple[int, ...]
    divisor: int


STENCILS = {
    "central": Stencil((1, -1), (1, -1), 2),
    "forward": Stencil((1, 0), (1, -1), 1),
    "backward": Stencil((0, -1), (1, -1), 1),
    "five-point": Stencil((1, -1, 2, -2), (8, -8, -1, 1), 12),
}


def stencil(name: str) -> Stencil:
    """Return the stencil called `name`.

    Raises
    ------
    ValueError
        When there is none of that name.
    """
    if name not in STENCILS:
        raise ValueError(f"`stencil` must be one of {', '.join(STENCILS)}; got {name!r}")
    return STENCILS[name]


def step_for(eps: float) -> float:
    """Return the step for magnitudes up to 1 and numbers that are `eps` apart: a power of two.

    A power of two is added to most numbers with little or no rounding: 2^-15 for float64, 2^-6
    for float32.
    """
    return 2.0 ** round(math.log2(4.0 * eps ** (1 / 3)))


def default_step(x: Array, dtype: DType) -> float:
    """Return the step for magnitudes up to 1 in arithmetic of `dtype`."""
    return step_for(float(namespace(x).finfo(dtype).eps))


def check_step(step: float | None) -> None:
    """Raise a ValueError unless `step` is None, or positive and finite."""
    if step is not None and not (step > 0 and math.isfinite(step)):
        raise ValueError(f"`step` must be positive and finite; got {step}")
