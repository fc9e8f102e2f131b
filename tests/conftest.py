"""The fixture that every test of arrays runs over, and the one assertion about arrays."""

import os
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

import backends
from backends import Backend

os.environ["JAX_ENABLE_X64"] = "1"
os.environ["JAX_PLATFORMS"] = "cpu"

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
        """Make an array; floating values get the case's dtype."""
        host = np.asarray(values)
        if dtype is None:
            dtype = self.dtype if host.dtype.kind == "f" else host.dtype.name
        x = self.backend.asarray(host, dtype)
        if self.readonly:
            x.setflags(write=False)
        return x

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


@pytest.fixture(params=list(CASES))
def case(request: pytest.FixtureRequest) -> Case:
    device, library, dtype, readonly = CASES[request.param]
    if find_spec(library.replace("-", "_")) is None:
        pytest.skip(f"{library} is not installed")
    return Case(request.param, backends.select(device, library), dtype, readonly)


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the machine's own settings out of the tests."""
    for name in ("DEVICE", "LIBRARY", "DATA_DIR", "OFFLINE"):
        monkeypatch.delenv(f"BACKPROP_{name}", raising=False)


def central_difference(f: Any, x: Any, step: float = 1e-5) -> Any:
    """Return the numerical gradient of a float64 NumPy function, by the plainest of loops."""
    gradient = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        high, low = x.copy(), x.copy()
        high[i] += step
        low[i] -= step
        gradient[i] = (f(high) - f(low)) / (2 * step)
    return gradient
