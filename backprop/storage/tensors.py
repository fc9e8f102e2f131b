"""Read arrays from a safetensors file.

Format: https://huggingface.co/docs/safetensors. The library `safetensors` checks the header
against the size of the file before any memory is taken.
"""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, deserialize, safe_open

_DTYPES = {
    "F64",
    "F32",
    "F16",
    "BF16",
    *(f"{kind}{bits}" for kind in "IU" for bits in (8, 16, 32, 64)),
}

MOST = 8 << 20
"""How many bytes of names, shapes, places and metadata a file may have: of 100,000 arrays."""


def read_safetensors(
    path: str | os.PathLike[str],
) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """Return the arrays by name, sorted, and the metadata.

    bfloat16, which NumPy lacks, is read as float32, which holds all its values.

    Raises
    ------
    OSError
        When the file can't be read.
    ValueError
        When it is no whole safetensors file, gives one name twice, has a header of more than 8 MiB,
        or holds anything but integers and floats of 16 bits or more.
    """
    header = _header(Path(path))
    try:
        with safe_open(path, framework="numpy") as file:
            _check_names(header)
            dtypes = {name: file.get_slice(name).get_dtype() for name in sorted(file.keys())}
            for name, dtype in dtypes.items():
                if dtype not in _DTYPES:
                    raise ValueError(
                        f"`{name}` must hold integers, or floats of 16 bits or more; got {dtype}"
                    )
            wide = _brain_floats(path) if "BF16" in dtypes.values() else {}
            params = {
                name: wide[name] if name in wide else file.get_tensor(name) for name in dtypes
            }
            return params, dict(file.metadata() or {})
    except SafetensorError as error:
        raise ValueError(str(error)) from None


def _header(path: Path) -> bytes:
    """Return the header; one that is larger than any network's would take many times its size."""
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        if size > MOST:
            raise ValueError(f"its header must have at most {MOST:,} bytes; got {size:,}")
        return file.read(size)


def _check_names(header: bytes) -> None:
    """Refuse a header with one name twice, of which a reader would take either."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in pairs:
            if name in found:
                raise ValueError(f"each name must stand there once; got `{name}` twice")
            found[name] = value
        return found

    try:
        json.loads(header, object_pairs_hook=once)
    except RecursionError:
        raise ValueError("its header must be a dictionary of arrays") from None


def _brain_floats(path: str | os.PathLike[str]) -> dict[str, NDArray[np.float32]]:
    """Return the arrays of bfloat16: the upper halves of float32."""
    return {
        name: (np.frombuffer(info["data"], "<u2").astype(np.uint32) << 16)
        .view(np.float32)
        .reshape(info["shape"])
        for name, info in deserialize(Path(path).read_bytes())  # type: ignore[no-untyped-call]
        if info["dtype"] == "BF16"
    }
