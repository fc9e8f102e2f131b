"""Arrays whose values are in a file that is mapped into memory."""

import contextlib
import mmap
from typing import Any


def mapping_of(x: Any) -> mmap.mmap | None:
    """Return the mapping that an array lies in, a view of a `numpy.memmap` too; None without."""
    while isinstance(x, memoryview) or hasattr(x, "base"):
        x = x.obj if isinstance(x, memoryview) else x.base
    return x if isinstance(x, mmap.mmap) else None


def let_go(x: Any) -> None:
    """Give back the memory of what was read of a mapped array; the file has it still.

    Nothing is done where the mapping is a private copy, in which a value may have been changed.
    """
    mapping = mapping_of(x)
    if mapping is None or not hasattr(mapping, "madvise"):
        return
    with memoryview(mapping) as view:
        shared = view.readonly or getattr(x, "mode", "c") != "c"
    if shared:
        with contextlib.suppress(OSError):
            mapping.madvise(mmap.MADV_DONTNEED)
