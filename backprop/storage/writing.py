"""Write a file whole or not at all."""

import contextlib
import os
from pathlib import Path


def write(path: Path, content: bytes) -> None:
    """Write a file so that at any moment, also if power fails, the old one or the new one is there.

    Raises
    ------
    OSError
        When it can't be written; then the old file is as it was.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    _sync(path.parent)


def _sync(folder: Path) -> None:
    """Let the folder's new entry reach the disk, where a system can do that."""
    with contextlib.suppress(OSError):  # Windows can't open a folder
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
