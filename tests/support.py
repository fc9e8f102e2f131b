"""What the tests share."""

from typing import Any

import numpy as np

from backends.testing import Case

__all__ = ["Case", "central_difference", "normal"]


def normal(case: Case, *shape: int, seed: int = 0) -> Any:
    """Make an array of normally distributed numbers."""
    return case.array(np.random.default_rng(seed).standard_normal(shape))


def central_difference(f: Any, x: Any, step: float = 1e-5) -> Any:
    """Return the numerical gradient of a float64 NumPy function, by the plainest of loops."""
    gradient = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        high, low = x.copy(), x.copy()
        high[i] += step
        low[i] -= step
        gradient[i] = (f(high) - f(low)) / (2 * step)
    return gradient
