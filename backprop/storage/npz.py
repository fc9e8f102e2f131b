"""Read arrays from an `.npz` file; pickled objects in it are refused."""

import math
import os
import warnings
import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from backprop.storage.reading import unpacked_limit

_HEADERS: dict[tuple[int, int], Any] = {
    (1, 0): npy.read_array_header_1_0,
    (2, 0): npy.read_array_header_2_0,
}


def read_npz(path: str | os.PathLike[str]) -> dict[str, NDArray[Any]]:
    """Return the arrays of an `.npz` file by name.

    Raises
    ------
    OSError
        When the file can't be read.
    ValueError
        When it is no whole `.npz` file, would unpack to more than 100 times its size (and 64 MiB),
        or holds anything but plain arrays, each under a name of its own.
    """
    size = Path(path).stat().st_size
    with Path(path).open("rb") as stream:
        try:
            with zipfile.ZipFile(stream) as file:
                return _members(file, unpacked_limit(size))
        except ValueError:
            raise
        except Exception as error:  # a damaged file makes zipfile and its unpackers raise anything
            raise ValueError(f"it is damaged: {str(error) or type(error).__name__}") from None


def _members(file: zipfile.ZipFile, limit: int) -> dict[str, NDArray[Any]]:
    members = file.infolist()
    total = sum(member.file_size for member in members)
    if total > limit:
        raise ValueError(f"it must unpack to at most {limit:,} bytes; it says {total:,}")
    arrays: dict[str, NDArray[Any]] = {}
    for member in members:
        name = member.filename.removesuffix(".npy")
        if name == member.filename:
            raise ValueError(f"`{name}` is no array")
        if name in arrays:
            raise ValueError(f"each name must stand there once; got `{name}` twice")
        with file.open(member) as stream:
            arrays[name] = _array(name, stream, member.file_size)
    return arrays


def _array(name: str, stream: IO[bytes], size: int) -> NDArray[Any]:
    """Return the array of one member, whose header must account for each byte of it."""
    version = npy.read_magic(stream)
    if version not in _HEADERS:
        raise ValueError(f"`{name}` must be of .npy version 1 or 2; got {version}")
    try:
        with warnings.catch_warnings(action="ignore"):  # of Python 2's headers
            shape, columns_first, dtype = _HEADERS[version](stream)
    except Exception as error:  # it is parsed as Python's own literals are
        raise ValueError(f"`{name}` must have a header that can be read: {error}") from None
    if dtype.hasobject:
        raise ValueError(f"`{name}` must hold numbers; got objects, which are pickled")
    wanted, left = math.prod(shape) * dtype.itemsize, size - stream.tell()
    if min(shape, default=0) < 0 or wanted != left:
        raise ValueError(
            f"`{name}`, of shape {shape} in {dtype}, must have {wanted} bytes; got {left}"
        )
    data = bytearray(stream.read())  # to its end, where the checksum is compared
    flat = np.frombuffer(data, dtype, count=math.prod(shape))
    own = flat.astype(dtype.newbyteorder("="), copy=False)  # in this machine's order of bytes
    return own.reshape(shape, order="F" if columns_first else "C")
