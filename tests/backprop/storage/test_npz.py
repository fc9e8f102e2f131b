import warnings
import zipfile

import numpy as np
import pytest

from backprop.storage.npz import read_npz


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_round_trip(tmp_path, save):
    arrays = {"W1": np.arange(6.0).reshape(2, 3).T, "b1": np.ones(3, ">f4")}
    save(tmp_path / "p.npz", **arrays)
    found = read_npz(tmp_path / "p.npz")
    assert list(found) == ["W1", "b1"]
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array)


def test_a_header_of_version_2(tmp_path):
    with zipfile.ZipFile(tmp_path / "p.npz", "w") as file, file.open("W1.npy", "w") as member:
        np.lib.format.write_array(member, np.arange(3.0), version=(2, 0))
    np.testing.assert_array_equal(read_npz(tmp_path / "p.npz")["W1"], np.arange(3.0))


def test_a_header_of_python_2_is_read_without_a_word(tmp_path):
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (3L,), }"
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    content = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
    with zipfile.ZipFile(tmp_path / "p.npz", "w") as file:
        file.writestr("W1.npy", content + np.arange(3.0).tobytes())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(read_npz(tmp_path / "p.npz")["W1"], np.arange(3.0))


def test_pickled_objects_are_refused(tmp_path):
    np.savez(tmp_path / "p.npz", W1=np.array([None]))
    with pytest.raises(ValueError, match="`W1` must hold numbers; got objects"):
        read_npz(tmp_path / "p.npz")


def test_other_members_are_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "p.npz", "w") as file:
        file.writestr("W1.txt", "1 2 3")
    with pytest.raises(ValueError, match="`W1.txt` is no array"):
        read_npz(tmp_path / "p.npz")


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_cut_off_anywhere(tmp_path, save):
    path = tmp_path / "p.npz"
    save(path, W1=np.arange(3.0))
    data = path.read_bytes()
    for end in range(4, len(data)):
        path.write_bytes(data[:end])
        with pytest.raises(ValueError, match="."):
            read_npz(path)


def test_damage_is_a_value_error(tmp_path):
    path = tmp_path / "p.npz"
    np.savez_compressed(path, W1=np.arange(3.0))
    data = path.read_bytes()
    for place in range(4, len(data)):
        for byte in (0, 255, data[place] ^ 1):
            path.write_bytes(data[:place] + bytes([byte]) + data[place + 1 :])
            try:
                found = read_npz(path)
            except ValueError:
                continue
            assert all(isinstance(x, np.ndarray) for x in found.values())


@pytest.mark.parametrize(
    ("error", "words"),
    [(EOFError(), "EOFError"), (zipfile.BadZipFile("a bad checksum"), "a bad checksum")],
)
def test_a_damaged_file_is_said_to_be_damaged_whatever_zipfile_says(
    tmp_path, monkeypatch, error, words
):
    def fail(self):
        raise error

    np.savez(tmp_path / "p.npz", W1=np.ones(3))
    monkeypatch.setattr(zipfile.ZipFile, "infolist", fail)
    with pytest.raises(ValueError, match=f"^it is damaged: {words}$"):
        read_npz(tmp_path / "p.npz")
