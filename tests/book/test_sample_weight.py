"""The book's trained weights, where `BOOK_DIR` names the folder of `sample_weight.pkl`."""

import os
from pathlib import Path

import pytest

from backprop import Network, load_mnist, load_params
from tests.support import Case

BOOK, MNIST = os.environ.get("BOOK_DIR"), os.environ.get("MNIST_DIR")

pytestmark = pytest.mark.skipif(not (BOOK and MNIST), reason="BOOK_DIR or MNIST_DIR is not set")


@pytest.fixture(scope="module")
def digits():
    return {raw: load_mnist(normalize=not raw, path=MNIST)[1] for raw in (False, True)}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("raw", "accuracy"), [(False, 0.9352), (True, 0.9207)])
@pytest.mark.needs_values
@pytest.mark.needs_indices
def test_accuracy_of_section_3_6(case: Case, digits, raw, accuracy, dtype):
    if dtype == "float64" and not case.backend.has_float64:
        pytest.skip(f"{case.name} has no float64")
    params, metadata = load_params(Path(BOOK) / "sample_weight.pkl")
    assert metadata == {}
    net = Network.from_params(params, "sigmoid", dtype=dtype, backend=case.backend)
    x, t = (case.backend.asarray(array) for array in digits[raw])
    fast = case.backend.name in ("numpy", "torch")  # others take a minute for 10,000 single digits
    for batch_size in (1, 100, 2000) if fast else (100, 2000):
        assert net.accuracy(x, t, batch_size) == accuracy
