"""What the benchmarks share: digits, devices, and names that read well."""

from typing import Any

import numpy as np
import pytest

import backends
from backends import Backend
from backprop import load_mnist_sample


@pytest.fixture(scope="session")
def digits() -> tuple[Any, Any]:
    """Return the images and labels of the sample's training set."""
    (x, t), _ = load_mnist_sample()
    return x, t.astype(np.int64)


@pytest.fixture(params=["cpu", "cuda"])
def backend(request: pytest.FixtureRequest) -> Backend:
    """Return NumPy on the CPU and CuPy on a GPU, where there is one."""
    try:
        return backends.select(request.param)
    except backends.DeviceUnavailableError as error:
        pytest.skip(str(error))
