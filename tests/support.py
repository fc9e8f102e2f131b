"""What the tests share: the cases they run over, and the one assertion about arrays."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import backends
from backends import Backend

TOLERANCE = {"float64": 1e-12, "float32": 1e-5}


@dataclass(frozen=True)
class Case:
    """A backend, the floating dtype to compute in, and whether inputs are read-only."""

    name: str
    backend: Backend
    dtype: str
    readonly: bool = False

    @property
    def xp(self) -> Any:
        return self.backend.xp

    def array(self, values: Any, dtype: str | None = None) -> Any:
        """Make an array; floating values get the case's dtype, integers the library's default."""
        host = np.asarray(values)
        if dtype is None and host.dtype.kind == "f":
            dtype = self.dtype
        if dtype is None and host.dtype == np.int64:
            info = self.xp.__array_namespace_info__()
            dtype = info.default_dtypes(device=self.backend.device)["integral"]
        x = self.backend.asarray(host, dtype)
        if self.readonly:
            x.setflags(write=False)
        return x

    def needs_indices(self) -> None:
        """Skip where array-api-strict's argmax and argsort give int64 on a device without it."""
        if self.name == "strict:no_x64":
            pytest.skip("array-api-strict 2.6: argmax and argsort give int64, which no_x64 lacks")

    def normal(self, *shape: int, seed: int = 0) -> Any:
        """Make an array of normally distributed numbers."""
        return self.array(np.random.default_rng(seed).standard_normal(shape))

    def numpy(self, x: Any) -> Any:
        return self.backend.to_numpy(x)

    def check(self, actual: Any, expected: Any, dtype: str | None = None, rtol: float = 0) -> None:
        """Assert namespace, device, dtype, shape, then value."""
        expected = np.asarray(expected)
        assert backends.namespace(actual) is self.xp
        assert backends.device(actual) == self.backend.device
        assert actual.dtype == self.backend.dtype(dtype or self.dtype)
        assert actual.shape == expected.shape
        tolerance = max(rtol, TOLERANCE[self.dtype])
        np.testing.assert_allclose(self.numpy(actual), expected, rtol=tolerance, atol=tolerance)


CASES = {
    "numpy": ("cpu", "numpy", "float64", False),
    "numpy:float32": ("cpu", "numpy", "float32", False),
    "numpy:readonly": ("cpu", "numpy", "float64", True),
    "strict:cpu": ("cpu", "array-api-strict", "float64", False),
    "strict:device1": ("device1", "array-api-strict", "float64", False),
    "strict:device2": ("device2", "array-api-strict", "float64", False),
    "strict:no_float64": ("no_float64", "array-api-strict", "float32", False),
    "strict:no_x64": ("no_x64", "array-api-strict", "float32", False),
    "torch": ("cpu", "torch", "float64", False),
    "jax": ("cpu", "jax", "float64", False),
}


def central_difference(f: Any, x: Any, step: float = 1e-5) -> Any:
    """Return the numerical gradient of a float64 NumPy function, by the plainest of loops."""
    gradient = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        high, low = x.copy(), x.copy()
        high[i] += step
        low[i] -= step
        gradient[i] = (f(high) - f(low)) / (2 * step)
    return gradient
