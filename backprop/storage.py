"""Parameters to and from files, of which nothing is ever run.

They are written as safetensors, and read from `.npz` files and the book's pickles as well.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import backends
from backends import Array, isdtype, namespace


def save_params(
    path: str | os.PathLike[str],
    params: Mapping[str, Array],
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write parameters to a safetensors file; an old file stays whole until the new one is.

    Parameters
    ----------
    path : path
        The file.
    params : mapping of str to array
        Arrays of any backend, `net.params` for instance.
    metadata : mapping of str to str, optional
        Whatever a reader needs beside the arrays: ``{"activation": "relu"}``.

    Raises
    ------
    OSError
        When the file can't be written.
    """
    from safetensors.numpy import save

    arrays = {name: backends.of(x).to_numpy(x) for name, x in params.items()}
    path = Path(path)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        partial.write_bytes(save(arrays, dict(metadata or {})))
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def load_params(path: str | os.PathLike[str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Read parameters and metadata from a safetensors file, an `.npz` file or a pickle.

    The first bytes of the file say which it is, not its name. Nothing in a file is ever run: of
    a pickle, such as those of the book (section 3.6.2), only a dictionary of plain NumPy arrays is
    let in, and a pickle that names anything else is refused with that name.

    Returns
    -------
    params : dict of str to numpy.ndarray
        Host arrays; `Network.from_params(params, backend=...)` takes them to any backend.
    metadata : dict of str to str
        Empty but for safetensors files.

    Raises
    ------
    OSError
        When the file can't be read.
    ValueError
        When it is of none of these formats, is damaged, or holds anything but real arrays by name.
    """
    with Path(path).open("rb") as file:
        head = file.read(9)
    if head[4:] == b"\0\0\0\0{":  # the length of a header in JSON, then the header
        kind, read = "a safetensors file", _read_safetensors
    elif head.startswith((b"PK\3\4", b"PK\5\6")):
        kind, read = "an .npz file of plain arrays", _read_npz
    elif head.startswith((b"\x80", b"(", b"}", b"c")):  # a protocol, a dictionary, or a name
        kind, read = "a pickle of plain arrays by name", _read_pickle
    else:
        raise ValueError(
            f"{path} must be a safetensors file, an .npz file or a pickle; it begins {head!r}"
        )
    try:
        params, metadata = read(path)
        _check(params)
    except ValueError as error:
        raise ValueError(f"{path} must be {kind}: {str(error)[:300]}") from None
    return params, metadata


def _read_safetensors(path: str | os.PathLike[str]) -> tuple[dict[str, Any], dict[str, str]]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            params = {name: file.get_tensor(name) for name in sorted(file.keys())}
            return params, dict(file.metadata() or {})
    except SafetensorError as error:
        raise ValueError(str(error)) from None


def _read_npz(path: str | os.PathLike[str]) -> tuple[dict[str, Any], dict[str, str]]:
    from backends.files import read_npz

    return read_npz(path), {}


def _read_pickle(path: str | os.PathLike[str]) -> tuple[dict[str, Any], dict[str, str]]:
    from backends.files import read_pickle

    return read_pickle(path), {}


def _check(params: dict[str, Any]) -> None:
    for name, value in params.items():
        if not hasattr(value, "dtype"):
            raise ValueError(f"`{name}` must be an array; got {type(value).__name__}")
        if not isdtype(namespace(value), value.dtype, ("real floating", "integral")):
            raise ValueError(f"`{name}` must hold real numbers; got {value.dtype}")
