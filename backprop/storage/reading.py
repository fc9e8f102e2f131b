"""What readers ask before they take memory: is it a plain file, and how far may it unpack."""

import os
import stat
from pathlib import Path

from backprop.arguments import a_path

_ALWAYS = 64 << 20
_TIMES = 100


def regular_file(path: str | os.PathLike[str]) -> Path:
    """Return the path of a file that has an end: no folder, pipe or device.

    Raises
    ------
    OSError
        When there is no such file.
    TypeError
        When it is no path.
    ValueError
        When it is of another kind.
    """
    path = a_path("path", path)
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(f"{path} must be a file; it is a folder")
    if not stat.S_ISREG(mode):
        raise ValueError(f"{path} must be a regular file; it is a pipe or device")
    return path


def unpacked_limit(size: int) -> int:
    """Return how many bytes a packed file of `size` bytes may unpack to: 64 MiB and 100 times it.

    Arrays of numbers that were learnt or measured pack to no less than a tenth; what packs to a
    thousandth was made to fill the memory of its reader.
    """
    return _ALWAYS + _TIMES * size


def printable(text: str) -> str:
    """Return a text from a file without what a terminal would obey."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
