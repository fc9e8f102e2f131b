"""The distribution that brings this package, by the name that pip knows it by."""

NAME = "backprop-by-hand"


def extra(name: str) -> str:
    """Return what pip installs for an extra: ``"backprop-by-hand[cli]"``."""
    return f"{NAME}[{name}]"


def pip_install(name: str) -> str:
    """Return the command that installs an extra, ready to paste."""
    return f"pip install '{extra(name)}'"
