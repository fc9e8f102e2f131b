"""Neural-network layers with hand-derived backward passes, on any Array API library.

The layers, networks and examples follow *Deep Learning from Scratch* (Koki Saitoh, O'Reilly
Japan, 2016), chapters 1 to 5; sections in docstrings are that book's.

The public names stand in `__init__.pyi`, once; each is imported when it is first asked for, so that
`import backprop` costs little more than `import numpy`.
"""

import os.path
from typing import Any

import lazy_loader

import backends

_own = os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(__file__))), "backends")
_found = os.path.realpath([*getattr(backends, "__path__", []), backends.__file__][0])
if _found != _own:
    raise ImportError(
        "backprop needs its own package `backends`, which lies beside it; got a foreign one from "
        f"{_found}: remove it from the path, or put it after backprop"
    )

_load, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)


def __getattr__(name: str) -> Any:
    """Import what is asked for the first time; look up `__version__`."""
    if name == "__version__":
        from importlib.metadata import version  # half as slow to import as NumPy

        return version("backprop")
    if name in __all__:
        return _load(name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
