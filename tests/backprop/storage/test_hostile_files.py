"""What a file from a stranger may not do: lie about sizes, fill the memory, give one name twice."""

import gzip
import io
import json
import os
import pickle
import re
import struct
import warnings
import zipfile

import numpy as np
import pytest

from backprop import load_params, save_params
from backprop.datasets import read_idx


@pytest.fixture
def load(tmp_path):
    def call(content):
        path = tmp_path / "file"
        path.write_bytes(content)
        return load_params(path)

    return call


def tensors(header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


def entry(dtype, shape, start, end):
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}


def npy(array):
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def zipped(*members, method=zipfile.ZIP_STORED):
    stream = io.BytesIO()
    with warnings.catch_warnings(action="ignore"), zipfile.ZipFile(stream, "w", method) as file:
        for name, content in members:
            file.writestr(name, content)
    return stream.getvalue()


def test_bfloat16_is_read_as_float32(load):
    values = np.array([1.0, -2.5, 0.0, np.inf, 3.0e38, 1e-40], np.float32)
    upper = (values.view(np.uint32) >> 16).astype("<u2")
    header = {"W1": entry("BF16", [2, 3], 0, 12), "b1": entry("F32", [1], 12, 16)}
    params, _ = load(tensors(header, upper.tobytes() + np.float32(7).tobytes()))
    assert params["W1"].dtype == np.float32
    np.testing.assert_array_equal(
        params["W1"].ravel(), (upper.astype(np.uint32) << 16).view(np.float32)
    )
    np.testing.assert_allclose(params["W1"].ravel()[:4], values[:4])
    assert params["b1"] == 7


@pytest.mark.parametrize("dtype", ["F8_E4M3", "F8_E5M2", "BOOL"])
def test_what_numpy_lacks_is_refused_in_our_words(load, dtype):
    message = f"must be a safetensors file: `W1` must hold integers, or floats of 16 bits or more; got {dtype}"
    with pytest.raises(ValueError, match=message):
        load(tensors({"W1": entry(dtype, [4], 0, 4)}, bytes(4)))


@pytest.mark.parametrize(
    "content",
    [
        tensors(
            b'{"b1":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},'
            b'"W1":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},'
            b'"W1":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}',
            b"a",
        ),
        zipped(("W1.npy", npy(np.ones(2))), ("W1.npy", npy(np.zeros(2)))),
        b"\x80\x02}(X\x02\0\0\0W1K\x01X\x02\0\0\0W1K\x02u.",
        b"(S'W1'\nI1\nS'W1'\nI2\nd.",
        b"\x80\x02}X\x02\0\0\0W1K\x01sX\x02\0\0\0W1K\x02s.",
    ],
    ids=["safetensors", "npz", "pickle-items", "pickle-dict", "pickle-item-by-item"],
)
def test_a_name_stands_there_once(load, content):
    with pytest.raises(ValueError, match="once; got `W1` twice|duplicate"):
        load(content)


def test_names_are_printable(load):
    for content in (
        pickle.dumps({"\x1b]0;owned\x07": np.ones(2)}),
        tensors({"\x1b]0;owned\x07": entry("U8", [1], 0, 1)}, b"a"),
        b"(i\x1b]0;owned\x07\nx\n.",
    ):
        with pytest.raises(ValueError, match="owned") as error:
            load(content)
        assert str(error.value).isprintable()


def test_an_npz_member_accounts_for_each_byte(load):
    content = npy(np.arange(3.0))
    for wrong, got in ((content + b"x", 25), (content[:-1], 23)):
        with pytest.raises(
            ValueError,
            match=re.escape(f"`W1`, of shape (3,) in float64, must have 24 bytes; got {got}"),
        ):
            load(zipped(("W1.npy", wrong)))
    huge = content.replace(b"(3,), ", b"(9999999999,), ").replace(b"         \n", b"\n")
    with pytest.raises(ValueError, match="must have 79,?999,?999,?992 bytes; got|header"):
        load(zipped(("W1.npy", huge)))


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
def test_a_file_may_not_unpack_without_end(load, method):
    zeros = npy(np.zeros((200 << 20) // 8))
    content = zipped(("W1.npy", zeros), method=method)
    assert len(content) < 1 << 20
    with pytest.raises(
        ValueError, match=r"it must unpack to at most [0-9,]+ bytes; it says 209,715,328"
    ):
        load(content)


def test_lzma_is_read_and_its_damage_declared(load):
    content = zipped(("W1.npy", npy(np.arange(9.0))), method=zipfile.ZIP_LZMA)
    np.testing.assert_array_equal(load(content)[0]["W1"], np.arange(9.0))
    said = set()
    for place in range(30, len(content) - 22):
        try:
            load(content[:place] + bytes([content[place] ^ 255]) + content[place + 1 :])
        except ValueError as error:
            said.add("file must be an .npz file" in str(error))
    assert said == {True}


def test_an_idx_file_may_not_unpack_without_end(tmp_path):
    path = tmp_path / "bomb"
    path.write_bytes(
        gzip.compress(b"\0\0\x08\x01" + (200 << 20).to_bytes(4, "big") + bytes(200 << 20), 1)
    )
    with pytest.raises(
        ValueError, match=r"must unpack to at most [0-9,]+ bytes; its shape is \(209715200,\)"
    ):
        read_idx(path)


def test_a_pipe_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for read in (load_params, read_idx):
        with pytest.raises(ValueError, match="pipe must be a regular file; it is a pipe or device"):
            read(tmp_path / "pipe")
        with pytest.raises(IsADirectoryError, match="must be a file; it is a folder"):
            read(tmp_path)


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("dtype", ["u1", "i1", "<u2", ">i4", ">f8"])
def test_pickles_of_every_number(load, protocol, dtype):
    x = np.array([[1, 2, 200], [100, 0, 7]]).astype(dtype)
    for value in (x, np.asfortranarray(x)):
        read = load(pickle.dumps({"W1": value}, protocol))[0]["W1"]
        assert read.dtype == x.dtype.newbyteorder("=")
        np.testing.assert_array_equal(read, x)


def test_a_column_order_that_is_a_number_counts(load):
    x = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    before, true, after = pickle.dumps({"W1": x}, 2).rpartition(b"\x88")
    for flag in (true, b"K\x01"):
        np.testing.assert_array_equal(load(before + flag + after)[0]["W1"], x)
    with pytest.raises(ValueError, match="the order must be True or False; got 7"):
        load(before + b"K\x07" + after)


def test_a_pickle_makes_no_more_than_it_holds(load):
    size = 100_000
    shape = b"(J" + struct.pack("<i", size) + b"tX\1\0\0\0CtR"
    first = b"X\3\0\0\0" + b"000cnumpy.core.numeric\n_frombuffer\nq\0(B" + struct.pack("<I", size)
    first += b"x" * size + b"q\1cnumpy\ndtype\n(X\2\0\0\0u1tRq\2" + shape
    again = [b"X\3\0\0\0%03dh\0(h\1h\2" % i + shape for i in range(1, 400)]
    assert load(b"\x80\x02}(" + first + b"u.")[0]["000"].shape == (size,)
    with pytest.raises(ValueError, match=r"its arrays must fit into its own [0-9,]+ bytes"):
        load(b"\x80\x02}(" + first + b"".join(again) + b"u.")


def test_huge_lengths_cost_nothing(load):
    number = b"\x8b" + struct.pack("<i", 10_000) + b"\x7f" * 10_000
    content = (
        b"\x80\x02}X\2\0\0\0W1cnumpy.core.numeric\n_frombuffer\n(C\1acnumpy\ndtype\n(X\2\0\0\0u1tR("
    )
    content += number + b"q\1" + b"h\1" * 60 + b"tX\1\0\0\0CtRs."
    with pytest.raises(ValueError, match="a shape must have at most 64 lengths, less than"):
        load(content)


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({}, ValueError, "`params` must hold one array or more; got none"),
        (
            {"a": np.ones(2, bool)},
            TypeError,
            "`a` must hold integers or floats of 64 bits or less; got bool",
        ),
        ({"a": np.ones(2, np.complex64)}, TypeError, "`a` must hold .*; got complex64"),
        ({"a": np.ones(2, complex)}, TypeError, "`a` must hold .*; got complex128"),
        (
            {"a": np.ones(2, np.longdouble)},
            TypeError,
            "`a` must hold .*; got (float128|longdouble)",
        ),
        ({"a": [1.0]}, TypeError, "`a` must be an array; got list"),
        ({1: np.ones(2)}, TypeError, "names must be texts; got 1"),
        (
            {"__metadata__": np.ones(2)},
            ValueError,
            "names must be printable, and not `__metadata__`",
        ),
        ({"\x1b": np.ones(2)}, ValueError, "names must be printable"),
    ],
)
def test_what_could_not_be_read_is_not_written(tmp_path, params, error, message):
    with pytest.raises(error, match=message):
        save_params(tmp_path / "p", params)
    assert not (tmp_path / "p").exists()


def test_bfloat16_of_a_library_is_written_as_float32(tmp_path):
    jnp = pytest.importorskip("jax.numpy")
    save_params(tmp_path / "p", {"W1": jnp.asarray([1.5, -2.0], dtype=jnp.bfloat16)})
    read = load_params(tmp_path / "p")[0]["W1"]
    assert read.dtype == np.float32
    assert read.tolist() == [1.5, -2.0]
