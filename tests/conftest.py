"""The fixtures of all tests."""

import os
from importlib.util import find_spec

import pytest

os.environ["JAX_ENABLE_X64"] = "1"
os.environ["JAX_PLATFORMS"] = "cpu"

from support import CASES, Case

import backends


@pytest.fixture(params=list(CASES))
def case(request: pytest.FixtureRequest) -> Case:
    device, library, dtype, readonly = CASES[request.param]
    if find_spec(library.replace("-", "_")) is None:
        pytest.skip(f"{library} is not installed")
    return Case(request.param, backends.select(device, library), dtype, readonly)
