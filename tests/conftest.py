"""The fixtures of all tests."""

import os

import pytest

os.environ["JAX_ENABLE_X64"] = "1"
os.environ["JAX_PLATFORMS"] = "cpu"

from support import Case


@pytest.fixture
def case(backend_case: Case) -> Case:
    """One backend of the matrix, under the short name that the tests call it by."""
    return backend_case
