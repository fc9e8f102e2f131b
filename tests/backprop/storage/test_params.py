import pickle
import re

import numpy as np
import pytest
from safetensors import numpy as safetensors

from backprop import Network, TwoLayerNet, load_params, save_network, save_params
from tests.support import Case


@pytest.mark.needs_values
def test_round_trip(case: Case, tmp_path):
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

    def fail(descriptor):
        raise OSError("disk full")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        save_params(path, {"W1": np.ones(2)})
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["p"]


PARAMS = {"W1": np.arange(6.0, dtype=np.float32).reshape(2, 3), "b1": np.ones(3)}


def as_safetensors(path):
    other = path.with_name("other")  # a name of NumPy's is refused
    save_params(other, PARAMS)
    other.rename(path)


def as_npz(path):
    with path.open("wb") as file:  # numpy would add a suffix to a name
        np.savez(file, **PARAMS)


@pytest.mark.parametrize(
    "write",
    [
        as_safetensors,
        as_npz,
        *(
            lambda path, protocol=protocol: path.write_bytes(pickle.dumps(PARAMS, protocol))
            for protocol in range(6)
        ),
    ],
    ids=["safetensors", "npz", *(f"pickle-{protocol}" for protocol in range(6))],
)
@pytest.mark.parametrize("name", ["p.safetensors", "p.npz", "p.pkl", "p"])
def test_the_first_bytes_say_the_format_not_the_name(tmp_path, write, name):
    write(tmp_path / name)
    params, metadata = load_params(tmp_path / name)
    assert metadata == {}
    assert params.keys() == PARAMS.keys()
    for key, value in PARAMS.items():
        np.testing.assert_array_equal(params[key], value)
        assert params[key].dtype == value.dtype


@pytest.mark.parametrize("name", ["p.npz", "p.NPY"])
def test_a_name_that_numpy_would_read_is_refused(tmp_path, name):
    for save, what in ((save_params, PARAMS), (save_network, TwoLayerNet(2, 3, 2, seed=0))):
        with pytest.raises(ValueError, match=r"`path` must not end in \.(npz|NPY), as safetensors"):
            save(tmp_path / name, what)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_any_depth_from_a_pickle(case: Case, tmp_path, depth):
    rng = np.random.default_rng(0)
    params = {}
    for i in range(depth, 0, -1):  # in any order
        params[f"b{i}"] = rng.standard_normal(3).astype(np.float32)
        params[f"W{i}"] = rng.standard_normal((3, 3)).astype(np.float32)
    (tmp_path / "p").write_bytes(pickle.dumps(params))
    loaded, _ = load_params(tmp_path / "p")
    net = Network.from_params(loaded, "sigmoid", dtype=case.dtype, backend=case.backend)
    x = rng.standard_normal((2, 3))
    expected = x
    for i in range(1, depth + 1):
        if i > 1:
            expected = 1 / (1 + np.exp(-expected))
        expected = expected @ params[f"W{i}"] + params[f"b{i}"]
    case.check(net.predict(case.array(x)), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b"no arrays here",
            "must be a safetensors file, an .npz file or a pickle; it begins b'no arrays'",
        ),
        (b"", "must be a safetensors file, an .npz file or a pickle; it begins b''"),
        (b"\x10\0\0\0\0\0\0\0{", "must be a safetensors file: "),
        (b"PK\3\4 and no more", "must be an .npz file of plain arrays: it is damaged: "),
        (b"\x80\x04}", "must be a pickle of plain arrays by name: it must end with a stop"),
        (
            b"cos\nsystem\n(S'true'\ntR.",
            "it names os.system, which is refused; nothing of it was run",
        ),
        (pickle.dumps({"W1": 1.5}), "`W1` must be an array; got float"),
        (pickle.dumps({"W1": [1.5]}), "`W1` must be an array; got list"),
        (pickle.dumps([np.ones(2)]), "it must hold a dictionary; got list"),
        (b"(" * 500 + b"S'" + b"x" * 5000 + b"\n.", "strinq quote"),
    ],
)
def test_bad_files(tmp_path, content, message):
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=re.escape(message)) as error:
        load_params(path)
    assert str(error.value).startswith(f"{path} must be ")
    assert len(str(error.value)) < 500 + len(str(path))


def test_arrays_must_be_real(tmp_path):
    for value in (np.array([1j]), np.array([True]), np.array(["a"])):
        np.savez(tmp_path / "p.npz", W1=value)
        with pytest.raises(
            ValueError, match=f"`W1` must hold real numbers of up to 8 bytes; got {value.dtype}"
        ):
            load_params(tmp_path / "p.npz")


@pytest.mark.parametrize("dtype", [">f4", ">f8", "<f2"])
def test_arrays_of_an_npz_file_come_in_this_machines_order_of_bytes(tmp_path, dtype):
    W1 = np.arange(6.0).reshape(2, 3).astype(dtype)
    np.savez(tmp_path / "p.npz", W1=W1, b1=W1[0])
    params, _ = load_params(tmp_path / "p.npz")
    assert params["W1"].dtype == np.dtype(dtype).newbyteorder("=")
    assert params["W1"].dtype.isnative
    np.testing.assert_array_equal(params["W1"], W1)
    save_params(tmp_path / "p.safetensors", params)
    np.testing.assert_array_equal(load_params(tmp_path / "p.safetensors")[0]["W1"], W1)


@pytest.mark.skipif(np.dtype("g").itemsize == 8, reason="there are no longer floats here")
def test_longer_floats_than_networks_have_are_refused(tmp_path):
    np.savez(tmp_path / "p.npz", W1=np.ones(3, "g"))
    with pytest.raises(
        ValueError, match=r"`W1` must hold real numbers of up to 8 bytes; got float"
    ):
        load_params(tmp_path / "p.npz")


def test_names_and_metadata_have_a_bound_in_files_read_and_written(tmp_path):
    """Of a header of 90 MB a reader took three times as much memory."""
    path = tmp_path / "p.safetensors"
    save_params(path, {"W1": np.ones(3)}, {"a": "x" * 8_000_000})
    assert len(load_params(path)[1]["a"]) == 8_000_000
    message = "at most 8,388,608 bytes; got 9,000,0"
    with pytest.raises(ValueError, match=f"names and metadata must have {message}"):
        save_params(path, {"W1": np.ones(3)}, {"a": "x" * 9_000_000})
    assert len(load_params(path)[1]["a"]) == 8_000_000
    path.write_bytes(safetensors.save({"W1": np.ones(3)}, {"a": "x" * 9_000_000}))
    with pytest.raises(ValueError, match=f"safetensors file: its header must have {message}"):
        load_params(path)


def test_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="nothing"):
        load_params(tmp_path / "nothing")
