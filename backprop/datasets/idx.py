"""The IDX format of the MNIST files: a header with the shape, then bytes.

Format: http://yann.lecun.com/exdb/mnist/, section "The IDX file format".
"""

import gzip
import hashlib
import math
import os
import zlib
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from backprop.storage.reading import regular_file, unpacked_limit

_UNSIGNED_BYTE = 0x08
_CHUNK = 1 << 20
_SIZE = "{path} must hold {size:,} bytes of data, as its shape is {shape}; got {got}"


class _Stream(Protocol):
    def read(self, size: int, /) -> bytes: ...


def read_idx(
    path: str | os.PathLike[str], sha256: str | None = None, *, mmap: bool = False
) -> npt.NDArray[np.uint8]:
    """Read an IDX file of unsigned bytes, gzipped or plain.

    Parameters
    ----------
    path : path
        File to read; whether it is gzipped is seen from its first bytes.
    sha256 : str, optional
        Checksum that the unpacked file must have.
    mmap : bool
        Leave the data in the file and map it into memory, to be read only, as it is wanted. A
        gzipped file can't be mapped.

    Returns
    -------
    numpy.ndarray, uint8
        Data in the shape that the header gives; a `numpy.memmap` with `mmap`.

    Raises
    ------
    OSError
        When the file can't be read.
    ValueError
        When the file is no IDX file of bytes, is truncated or too long, would unpack to more than
        100 times its size (and 64 MiB), or has another checksum; when it is gzipped and shall be
        mapped.
    """
    path = regular_file(path)
    with path.open("rb") as file:
        zipped = file.read(2) == b"\x1f\x8b"
    if mmap:
        return _mapped(path, zipped, sha256)
    try:
        with gzip.open(path, "rb") if zipped else path.open("rb") as stream:
            header, shape = _header(stream, path)
            size = math.prod(shape)
            if size == 0:
                raise ValueError(f"{path} must hold data; its shape is {shape}")
            limit = unpacked_limit(path.stat().st_size)
            data = _read(stream, min(size, limit) + 1)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(f"{path} must be a whole gzip file: {error}") from None
    if len(data) > limit:
        raise ValueError(f"{path} must unpack to at most {limit:,} bytes; its shape is {shape}")
    if len(data) != size:
        got = "more" if len(data) > size else f"{len(data):,}"
        raise ValueError(_SIZE.format(path=path, size=size, shape=shape, got=got))
    if sha256 is not None:
        digest = hashlib.sha256(header)
        digest.update(data)
        _check(path, digest.hexdigest(), sha256)
    return np.frombuffer(data, np.uint8).reshape(shape)


def _mapped(path: Path, zipped: bool, sha256: str | None) -> npt.NDArray[np.uint8]:
    """Return the data as they lie in the file."""
    if zipped:
        raise ValueError(f"{path} must be unpacked to be mapped into memory; it is a gzip file")
    with path.open("rb") as file:
        header, shape = _header(file, path)
        held, size = path.stat().st_size - len(header), math.prod(shape)
        if size == 0:
            raise ValueError(f"{path} must hold data; its shape is {shape}")
        if held != size:
            got = "more" if held > size else f"{held:,}"
            raise ValueError(_SIZE.format(path=path, size=size, shape=shape, got=got))
        if sha256 is not None:
            file.seek(0)
            _check(path, hashlib.file_digest(file, "sha256").hexdigest(), sha256)
    return np.memmap(path, np.uint8, "r", len(header), shape)


def _check(path: Path, digest: str, sha256: str) -> None:
    if digest != sha256:
        raise ValueError(f"{path}, unpacked, must have SHA-256 {sha256}; got {digest}")


def _header(stream: _Stream, path: Path) -> tuple[bytes, tuple[int, ...]]:
    """Return the header and the shape in it."""
    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0":
        raise ValueError(f"{path} must be an IDX file, which begins 00 00; got {magic.hex(' ')!r}")
    kind, ndim = magic[2], magic[3]
    if kind != _UNSIGNED_BYTE or not 1 <= ndim <= 4:
        raise ValueError(
            f"{path} must be an IDX file of unsigned bytes (type 0x08) in 1 to 4 dimensions; "
            f"got type {kind:#04x} in {ndim} dimensions"
        )
    sizes = stream.read(4 * ndim)
    if len(sizes) < 4 * ndim:
        raise ValueError(f"{path} must have a header of {4 + 4 * ndim} bytes; got {4 + len(sizes)}")
    shape = tuple(int.from_bytes(sizes[i : i + 4], "big") for i in range(0, 4 * ndim, 4))
    return magic + sizes, shape


def _read(stream: _Stream, size: int) -> bytearray:
    """Read up to `size` bytes; memory grows with the file, not with what its header claims."""
    data = bytearray()
    while len(data) < size and (chunk := stream.read(min(_CHUNK, size - len(data)))):
        data += chunk
    return data
