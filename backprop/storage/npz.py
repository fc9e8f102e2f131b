"""Read arrays from an `.npz` file; pickled objects in it are refused."""

import io
import os
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_DAMAGED = (
    EOFError,
    KeyError,
    MemoryError,  # wrong length
    NotImplementedError,  # unknown compression
    OSError,
    RuntimeError,  # encrypted
    SyntaxError,
    TypeError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)


def read_npz(path: str | os.PathLike[str]) -> dict[str, NDArray[Any]]:
    """Return the arrays of an `.npz` file by name.

    Raises
    ------
    OSError
        When the file can't be read.
    ValueError
        When it is no whole `.npz` file, or holds anything but plain arrays.
    """
    stream = io.BytesIO(Path(path).read_bytes())
    try:
        with np.load(stream, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except _DAMAGED as error:
        raise ValueError(f"it is damaged: {error or type(error).__name__}") from None
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray):  # numpy gives the bytes of a member that is no array
            raise ValueError(f"`{name}` is no array")
    return arrays
