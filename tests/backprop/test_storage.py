import numpy as np
import pytest
from support import Case, needs_values

from backprop import Network, TwoLayerNet, load_params, save_params


def test_round_trip(case: Case, tmp_path):
    needs_values(case)
    net = TwoLayerNet(6, 5, 3, backend=case.backend, dtype=case.dtype, seed=0)
    save_params(tmp_path / "p.safetensors", net.params, {"activation": "relu"})
    params, metadata = load_params(tmp_path / "p.safetensors")
    assert metadata == {"activation": "relu"}
    loaded = Network.from_params(params, **metadata, backend=case.backend)
    for name, p in net.params.items():
        assert params[name].dtype == case.dtype
        np.testing.assert_array_equal(params[name], case.numpy(p))
        assert loaded.params[name].dtype == p.dtype


def test_a_transposed_array_keeps_its_values(tmp_path):
    x = np.arange(6.0).reshape(2, 3).T
    save_params(tmp_path / "p", {"W1": x})
    params, metadata = load_params(tmp_path / "p")
    np.testing.assert_array_equal(params["W1"], x)
    assert metadata == {}


def test_an_old_file_survives_a_failed_write(tmp_path, monkeypatch):
    path = tmp_path / "p"
    save_params(path, {"W1": np.zeros(2)})
    before = path.read_bytes()

    write_bytes = type(path).write_bytes

    def fail(self, content):
        write_bytes(self, content[:10])
        raise OSError("disk full")

    monkeypatch.setattr("pathlib.Path.write_bytes", fail)
    with pytest.raises(OSError, match="disk full"):
        save_params(path, {"W1": np.ones(2)})
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["p"]


def test_bad_files(tmp_path):
    with pytest.raises(FileNotFoundError, match="nothing"):
        load_params(tmp_path / "nothing")
    (tmp_path / "text").write_text("no arrays here")
    with pytest.raises(ValueError, match="text must be a safetensors file"):
        load_params(tmp_path / "text")
