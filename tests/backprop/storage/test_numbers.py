"""Arrays of every number and shape come back from files that others have written."""

import numpy as np
import pytest
from safetensors.numpy import save_file

from backprop import load_params

DTYPES = [f"{kind}{size}" for kind in "iu" for size in (1, 2, 4, 8)] + ["f2", "f4", "f8"]
ARRAYS = {
    "matrix": np.array([[1, 2, 100], [0, 7, 3]]),
    "columns first": np.asfortranarray([[1, 2, 100], [0, 7, 3]]),
    "empty": np.zeros((0, 3)),
    "number": np.array(5),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", ["npz", "safetensors"])
def test_every_number_in_every_shape(tmp_path, kind, dtype):
    arrays = {name: x.astype(dtype, order="K") for name, x in ARRAYS.items()}
    if kind == "npz":
        np.savez(tmp_path / "p.npz", **arrays)
    else:
        save_file(
            {k: np.asarray(x, order="C") for k, x in arrays.items()}, tmp_path / "p.safetensors"
        )
    read, _ = load_params(tmp_path / f"p.{kind}")
    assert read.keys() == arrays.keys()
    for name, x in arrays.items():
        assert (read[name].dtype, read[name].shape) == (x.dtype, x.shape)
        np.testing.assert_array_equal(read[name], x)
