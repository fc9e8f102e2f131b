import gzip
import hashlib

import numpy as np
import pytest

from backprop.datasets import read_idx

DATA = bytes(range(12))
PLAIN = b"\0\0\x08\x02" + (3).to_bytes(4, "big") + (4).to_bytes(4, "big") + DATA


def write(tmp_path, content):
    path = tmp_path / "file"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("content", [PLAIN, gzip.compress(PLAIN)], ids=["plain", "gzip"])
def test_plain_and_gzip_files_give_an_array_of_the_caller_s_own(tmp_path, content):
    x = read_idx(write(tmp_path, content), sha256=hashlib.sha256(PLAIN).hexdigest())
    assert x.dtype == np.uint8
    np.testing.assert_array_equal(x, np.arange(12).reshape(3, 4))
    x[0, 0] = 1  # the array is the caller's own


def header(kind, *shape):
    return bytes([0, 0, kind, len(shape)]) + b"".join(n.to_bytes(4, "big") for n in shape)


HUGE = header(8, 2**32 - 1, 2**32 - 1, 2**32 - 1, 2**32 - 1)


BAD = {
    "empty": (b"", "must be an IDX file, which begins 00 00; got ''"),
    "zip": (b"PK\3\4rest", "must be an IDX file, which begins 00 00; got '50 4b 03 04'"),
    "floats": (header(0x0D, 3), "of unsigned bytes .* got type 0x0d in 1 dimensions"),
    "no-dimensions": (header(8), "in 1 to 4 dimensions; got type 0x08 in 0 dimensions"),
    "many-dimensions": (bytes([0, 0, 8, 255]), "got type 0x08 in 255 dimensions"),
    "half-a-header": (PLAIN[:9], "must have a header of 12 bytes; got 9"),
    "short": (PLAIN[:-1], r"must hold 12 bytes of data, as its shape is \(3, 4\); got 11"),
    "long": (PLAIN + b"x", r"must hold 12 bytes of data, as its shape is \(3, 4\); got more"),
    "huge": (
        HUGE + b"abc",
        r"must hold 340,282,366,604,025,813,516,997,721,482,669,850,625 bytes.*got 3",
    ),
    "no-data": (header(8, 0, 2**32 - 1), r"must hold data; its shape is \(0, 4294967295\)"),
    "huge-in-gzip": (gzip.compress(HUGE + b"abc"), "got 3"),
    "half-a-gzip": (gzip.compress(PLAIN)[:-10], "must be a whole gzip file"),
    "wrong-crc": (
        gzip.compress(PLAIN)[:-8] + b"\0" * 8,
        "must be a whole gzip file: CRC check failed",
    ),
    "rubbish-in-gzip": (b"\x1f\x8b\x08\0\0\0\0\0\0\3\xff\xff\xff", "must be a whole gzip file"),
}


@pytest.mark.parametrize(("content", "message"), BAD.values(), ids=BAD)
def test_bad_files(tmp_path, content, message):
    with pytest.raises(ValueError, match=message):
        read_idx(write(tmp_path, content))


def test_wrong_checksum(tmp_path):
    path = write(tmp_path, PLAIN)
    with pytest.raises(
        ValueError, match=rf"file, unpacked, must have SHA-256 {'0' * 64}; got [0-9a-f]{{64}}"
    ):
        read_idx(path, sha256="0" * 64)


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="nothing-here"):
        read_idx(tmp_path / "nothing-here")


def test_a_mapped_file_stays_on_the_disk(tmp_path):
    path = write(tmp_path, PLAIN)
    x = read_idx(path, hashlib.sha256(PLAIN).hexdigest(), mmap=True)
    assert isinstance(x, np.memmap)
    np.testing.assert_array_equal(x, np.arange(12).reshape(3, 4))
    with path.open("r+b") as file:
        file.seek(len(PLAIN) - 1)
        file.write(b"\7")
    assert x[2, 3] == 7
    with pytest.raises(ValueError, match="read-only"):
        x[0, 0] = 1


UNPACKED = {
    name: each for name, each in BAD.items() if not each[0].startswith(b"\x1f\x8b") and each[0]
}


@pytest.mark.parametrize(("content", "message"), UNPACKED.values(), ids=UNPACKED)
def test_bad_files_are_not_mapped(tmp_path, content, message):
    with pytest.raises(ValueError, match=message):
        read_idx(write(tmp_path, content), mmap=True)


def test_what_can_t_be_mapped(tmp_path):
    with pytest.raises(ValueError, match="must be unpacked to be mapped into memory; it is a gzip"):
        read_idx(write(tmp_path, gzip.compress(PLAIN)), mmap=True)
    with pytest.raises(ValueError, match=rf"must have SHA-256 {'0' * 64}; got [0-9a-f]{{64}}"):
        read_idx(write(tmp_path, PLAIN), "0" * 64, mmap=True)
