"""Write a file whole or not at all."""

import contextlib
import errno
import os
import re
import secrets
import stat
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

_PROCESS = secrets.token_hex(4)
_SHOWN = 30  # characters of a file's name, of up to 4 bytes each; a folder's names have 255
_ABANDONED_SECONDS = 24 * 3600


def write(path: Path, content: bytes) -> None:
    """Write a file so that at any moment, also if power fails, the old one or the new one is there.

    Threads and processes may write to one path: it then holds what one of them wrote. Who may read
    the old one may read the new one, and nobody else. A link leads to the file that is written.

    Raises
    ------
    OSError
        When it can't be written, as a device or a pipe can't; then the old file is as it was.
    """
    target = _target(path)
    partial = _partial(target)
    try:
        with partial.open("xb") as file:  # never through a link that lies there
            _take_mode(partial, target)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error
    finally:
        partial.unlink(missing_ok=True)
    _sync(target.parent)


@contextlib.contextmanager
def together(paths: Iterable[Path]) -> Iterator[dict[Path, Path]]:
    """Give where to write each of several files of one folder; at the end put all in place.

    Before the first one is, all are on the disk, and the old ones but the first are removed, the
    last one first: at no moment do old and new ones stand side by side.
    """
    targets = {path: _target(path) for path in paths}
    partials = {path: _partial(target) for path, target in targets.items()}
    try:
        yield partials
        for path, partial in partials.items():
            _take_mode(partial, targets[path])
        for path in [*partials][:0:-1]:
            targets[path].unlink(missing_ok=True)
        for path, partial in partials.items():
            partial.replace(targets[path])
            _sync(targets[path].parent)
    finally:
        for partial in partials.values():
            partial.unlink(missing_ok=True)


def _target(path: Path) -> Path:
    """Return the file that a path leads to, which may not be there yet.

    Raises
    ------
    OSError
        When it is a device, a pipe or a socket: a file would take its place.
    """
    target = Path(os.path.realpath(path))
    try:
        mode = target.stat().st_mode
    except OSError:
        return target
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise OSError(errno.EINVAL, "it must be a file, and is a device or a pipe", str(path))
    return target


def _take_mode(partial: Path, path: Path) -> None:
    """Give a new file the mode of the one that it replaces, if there is one, and modes are kept."""
    with contextlib.suppress(OSError):
        partial.chmod(stat.S_IMODE(path.stat().st_mode))


def _partial(path: Path) -> Path:
    """Return a name beside a file that says who writes there; nobody can foresee it.

    It is short enough for every folder, however long that of the file is.
    """
    owner = f"{_host()}-{os.getpid()}-{_PROCESS}"
    return path.with_name(f".{path.name[:_SHOWN]}.{owner}-{secrets.token_hex(4)}.partial")


def sweep(folder: Path) -> None:
    """Remove what writers that were killed left in a folder; those of living ones stay.

    Whether a process of another machine lives can't be seen: its files go after a day.
    """
    for partial in folder.glob(".*.partial"):
        found = re.fullmatch(r"\..+\.(.*)-(\d+)-([0-9a-f]+)-[0-9a-f]+\.partial", partial.name)
        if found is None:
            continue
        host, process, token = found[1], int(found[2]), found[3]
        with contextlib.suppress(OSError):
            if host != _host():
                dead = time.time() - partial.stat().st_mtime > _ABANDONED_SECONDS
            elif process == os.getpid():
                dead = token != _PROCESS
            else:
                dead = not _lives(process)
            if dead:
                partial.unlink()


def _host() -> str:
    name = os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", "")
    return re.sub(r"[^A-Za-z0-9]", "", name)[:32]


def _lives(process: int) -> bool:
    if os.name == "nt":
        return True  # there is no asking without harm: it goes after a day, from another name
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's
        return True
    return True


def _sync(folder: Path) -> None:
    """Let the folder's new entry reach the disk, where a system can do that."""
    with contextlib.suppress(OSError):  # Windows can't open a folder
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
