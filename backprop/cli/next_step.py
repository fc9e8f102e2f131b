"""What to do next: commands that can be pasted as they stand, and the newest run by one name."""

import contextlib
import os
import shlex
import shutil
import sys
from pathlib import Path

LATEST = "latest"


def program() -> str:
    """Return what the command was called by, from the folder one is in: `.venv/bin/backprop`."""
    called = Path(sys.argv[0])
    if called.parts[-2:] == ("backprop", "__main__.py"):
        return f"{_from_here(Path(sys.executable))} -m backprop"
    if called.stem != "backprop" or shutil.which(called.name) == str(called):
        return "backprop"
    return _from_here(called)


def command(*arguments: str | Path) -> str:
    """Return a command line of ours, ready to paste."""
    return " ".join([program(), *(shlex.quote(str(each)) for each in arguments)])


def point_to(folder: Path) -> None:
    """Let `latest`, beside a run in `runs`, be that run, where the system has links."""
    link = folder.parent / LATEST
    if folder.parent.name != "runs" or folder == link or (link.exists() and not link.is_symlink()):
        return
    new = link.with_name(f".{LATEST}-{os.getpid()}")
    with contextlib.suppress(OSError):
        new.symlink_to(folder.name, target_is_directory=True)
        new.replace(link)


def _from_here(path: Path) -> str:
    here, absolute = Path.cwd(), path.absolute()
    return shlex.quote(str(absolute.relative_to(here) if absolute.is_relative_to(here) else path))
