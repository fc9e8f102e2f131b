"""Parameters to and from files: safetensors, which holds arrays and nothing that could run."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import backends
from backends import Array


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
    """Read parameters and metadata from a safetensors file.

    Returns
    -------
    params : dict of str to numpy.ndarray
        Host arrays; `Network.from_params(params, backend=...)` takes them to any backend.
    metadata : dict of str to str

    Raises
    ------
    OSError
        When the file can't be read.
    ValueError
        When it is no safetensors file.
    """
    from safetensors import SafetensorError, safe_open

    with Path(path).open("rb"):  # the operating system's own error, where it can't be read
        pass
    try:
        with safe_open(path, framework="numpy") as file:
            params = {name: file.get_tensor(name) for name in sorted(file.keys())}
            return params, dict(file.metadata() or {})
    except SafetensorError as error:
        raise ValueError(f"{path} must be a safetensors file: {error}") from None
