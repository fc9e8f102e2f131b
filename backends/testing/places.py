"""Where in the user's code something happened: the innermost line outside kit and libraries."""

import sys
import sysconfig
from pathlib import Path
from types import FrameType, TracebackType

_PYTHON = sysconfig.get_path("stdlib")
_KIT = __name__.rpartition(".testing")[0]
_LIBRARIES = {
    "array_api_compat",
    "array_api_strict",
    "cupy",
    "dask",
    "dpnp",
    "jax",
    "jaxlib",
    "numpy",
    "torch",
}


def module_of(frame: FrameType) -> str:
    """Return the name of the module that a frame runs in."""
    return str(frame.f_globals.get("__name__", ""))


def _is_users(frame: FrameType) -> bool:
    name = module_of(frame)
    if frame.f_code.co_filename.startswith(_PYTHON) and "-packages" not in frame.f_code.co_filename:
        return False
    inside = name == _KIT or name.startswith(f"{_KIT}.")
    vendored = "array_api_compat" in name.split(".")
    return not (inside or vendored or name.partition(".")[0] in _LIBRARIES)


def here() -> str:
    """Return the line of the user's that is running now: ``mod.py:12``; empty if there is none."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and not _is_users(frame):
        frame = frame.f_back
    return "" if frame is None else _shown(frame.f_code.co_filename, frame.f_lineno)


def of_error(error: BaseException) -> str:
    """Return the innermost line of the user's that an exception came through; empty if none."""
    place, traceback = "", error.__traceback__
    while traceback is not None:
        if _is_users(traceback.tb_frame):
            place = _shown(traceback.tb_frame.f_code.co_filename, traceback.tb_lineno)
        traceback = traceback.tb_next
    return place


def frames_of(traceback: TracebackType | None) -> list[FrameType]:
    """Return the frames of a traceback, outermost first."""
    found = []
    while traceback is not None:
        found.append(traceback.tb_frame)
        traceback = traceback.tb_next
    return found


def _shown(filename: str, line: int) -> str:
    path = Path(filename)
    if "site-packages" in path.parts:
        parts = path.parts[len(path.parts) - path.parts[::-1].index("site-packages") :]
        path = Path(*parts)
    elif path.is_relative_to(Path.cwd()):
        path = path.relative_to(Path.cwd())
    return f"{path.as_posix()}:{line}"
