"""What computes: the device, and the versions of all that has a part in the numbers."""

import platform

import backprop
from backends import Backend
from backprop.cli.output import detail, say


def versions(backend: Backend) -> dict[str, str]:
    """Return the versions of all that has a part in the numbers of a run."""
    library = {backend.name: backend.library.version()}
    return {"backprop": backprop.__version__, "python": platform.python_version(), **library}


def say_device(backend: Backend, more: str = "") -> None:
    """Print where the numbers are computed; with `--verbose`, by which versions of what."""
    say(f"device: {backend}{more}")
    detail("versions: " + ", ".join(" ".join(each) for each in versions(backend).items()))
