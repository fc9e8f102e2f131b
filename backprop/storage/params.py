"""Save and load parameters; loading never runs code from a file.

They are written as safetensors, and read from `.npz` files and the book's pickles as well.
"""

import os
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from backends import Array
from backprop.arguments import a_path
from backprop.arrays import host_values
from backprop.storage.npz import read_npz
from backprop.storage.pickles import read_pickle
from backprop.storage.reading import printable, regular_file
from backprop.storage.tensors import MOST, read_safetensors
from backprop.storage.writing import write

_WIDEST = 8  # bytes of a number in a file
_NUMPY = (".npz", ".npy")  # what np.load would look for

Arrays: TypeAlias = dict[str, NDArray[Any]]


def save_params(
    path: str | os.PathLike[str],
    params: Mapping[str, Array],
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write arrays to a safetensors file; an old file stays whole until the new one is.

    Parameters
    ----------
    path : path
        The file.
    params : mapping of str to array
        Arrays of any backend: `net.params`, or `net.state_dict()` for what a network keeps as well.
    metadata : mapping of str to str, optional
        Whatever a reader needs beside the arrays: ``{"activation": "relu"}``.

    Raises
    ------
    OSError
        When the file can't be written.
    TypeError
        When a value is no array of integers or floats of up to 64 bits, or an argument no path or
        no mapping of such.
    ValueError
        When there is no array, a name is not printable or kept for the metadata, names and
        metadata have more than 8 MiB, or the file's name ends as that of another format, `.npz` or
        `.npy`.
    """
    file, texts = a_path("path", path), checked_metadata(metadata)
    if file.suffix.lower() in _NUMPY:
        raise ValueError(
            f"`path` must not end in {file.suffix}, as safetensors is written; got {path}"
        )
    if not isinstance(params, Mapping):
        raise TypeError(
            f"`params` must be a mapping of names to arrays; got {type(params).__name__}"
        )
    if not params:
        raise ValueError("`params` must hold one array or more; got none")
    arrays = {name: _host(name, x) for name, x in params.items()}
    content = save(arrays, texts)
    header = int.from_bytes(content[:8], "little")
    if header > MOST:
        raise ValueError(f"names and metadata must have at most {MOST:,} bytes; got {header:,}")
    write(file, content)


def checked_metadata(metadata: Mapping[str, str] | None, *own: str) -> dict[str, str]:
    """Return what is to stand in a file, which writes itself what is under its `own` keys.

    Raises
    ------
    TypeError
        When it is no mapping of texts to texts.
    ValueError
        When it has one of these keys.
    """
    given = {} if metadata is None else metadata
    if not isinstance(given, Mapping):
        raise TypeError(f"`metadata` must be a mapping of texts; got {type(given).__name__}")
    for item in given.items():
        if not all(isinstance(each, str) for each in item):
            raise TypeError(f"`metadata` must map texts to texts; got {item[0]!r}: {item[1]!r}")
    for key in own:
        if key in given:
            raise ValueError(f"`metadata` must leave the key {key!r} to the file's own description")
    return dict(given)


def _host(name: Any, x: Any) -> NDArray[Any]:
    """Return an array that a file can hold under this name; bfloat16 as float32."""
    if not isinstance(name, str):
        raise TypeError(f"names must be texts; got {name!r}")
    if not name.isprintable() or name == "__metadata__":
        raise ValueError(f"names must be printable, and not `__metadata__`; got {name!r}")
    if not hasattr(x, "dtype"):
        raise TypeError(f"`{name}` must be an array; got {type(x).__name__}")
    array: NDArray[Any] = host_values(x)
    if array.dtype.kind not in "iuf" or array.dtype.itemsize > _WIDEST:
        raise TypeError(f"`{name}` must hold integers or floats of 64 bits or less; got {x.dtype}")
    return array


def load_params(path: str | os.PathLike[str]) -> tuple[Arrays, dict[str, str]]:
    """Read arrays and metadata from a safetensors file, an `.npz` file or a pickle.

    The first bytes of the file say which it is, not its name. Nothing in a file is ever run: of
    a pickle, such as those of the book (section 3.6.2), only a dictionary of plain NumPy arrays is
    let in, and a pickle that names anything else is refused with that name.

    Returns
    -------
    params : dict of str to numpy.ndarray
        Host arrays, bfloat16 as float32; `Network.from_params(params, backend=...)` takes them to
        any backend.
    metadata : dict of str to str
        Empty but for safetensors files.

    Raises
    ------
    OSError
        When the file can't be read.
    ValueError
        When it is of none of these formats, is damaged, unpacks to far more than its size, or holds
        anything but real arrays, each under a name of its own.
    """
    path = regular_file(path)
    with path.open("rb") as file:
        head = file.read(9)
    found = next((known for known in _FORMATS if known.begins(head)), None)
    if found is None:
        raise ValueError(
            f"{path} must be a safetensors file, an .npz file or a pickle; it begins {head!r}"
        )
    try:
        params, metadata = found.read(path)
        _check(params)
    except ValueError as error:
        what = printable(str(error)[:300])
        raise ValueError(f"{path} must be {found.name}: {what}") from None
    return params, metadata


class _Format(NamedTuple):
    """A kind of file: its name in errors, how it begins, and its reader."""

    name: str
    begins: Callable[[bytes], bool]
    read: Callable[[str | os.PathLike[str]], tuple[dict[str, Any], dict[str, str]]]


_FORMATS = (
    _Format(
        "a safetensors file",
        lambda head: head[4:] == b"\0\0\0\0{",  # the length of a header in JSON, then the header
        read_safetensors,
    ),
    _Format(
        "an .npz file of plain arrays",
        lambda head: head.startswith((b"PK\3\4", b"PK\5\6")),
        lambda path: (read_npz(path), {}),
    ),
    _Format(
        "a pickle of plain arrays by name",
        lambda head: head.startswith((b"\x80", b"(", b"}", b"c")),  # protocol, dictionary, name
        lambda path: (read_pickle(path), {}),
    ),
)


def _check(params: dict[str, Any]) -> None:
    for name, value in params.items():
        if not name.isprintable():
            raise ValueError(f"names must be printable; got {name!r}")
        if not isinstance(value, np.ndarray):
            raise ValueError(f"`{name}` must be an array; got {type(value).__name__}")
        if value.dtype.kind not in "iuf" or value.dtype.itemsize > _WIDEST:
            raise ValueError(f"`{name}` must hold real numbers of up to 8 bytes; got {value.dtype}")
