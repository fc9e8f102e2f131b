"""What the tests share."""

from typing import Any

import numpy as np
import pytest

from backends.testing import Case

__all__ = ["Case", "central_difference", "needs_indices", "needs_values"]


def needs_values(case: Case) -> None:
    """Skip where arrays have no values."""
    if not case.has_values:
        pytest.skip(f"{case.name}: arrays have a shape, a dtype and a device, but no values")


def needs_indices(case: Case) -> None:
    """Skip where array-api-strict's argmax and argsort give int64 on a device without it."""
    if case.name == "strict:no_x64":
        pytest.skip(
            "array-api-strict 2.6: argmax and argsort give int64, which no_x64 lacks; see "
            "https://data-apis.org/array-api/latest/API_specification/generated/array_api.argmax.html"
        )


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
