"""Neural-network layers with hand-derived backward passes, on any Array API library.

The layers, networks and examples follow *Deep Learning from Scratch* (Koki Saitoh, O'Reilly
Japan, 2016), chapters 1 to 8; sections in docstrings are that book's.

The public names stand in `__init__.pyi`, once; each is imported when it is first asked for, so that
`import backprop` costs little more than `import numpy`.
"""

from typing import Any

from backprop import own_backends

own_backends.check()  # before anything imports `backends`

import lazy_loader  # noqa: E402

__version__ = "0.1.0"

_load, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)


def __getattr__(name: str) -> Any:
    """Import what is asked for the first time."""
    if name in __all__:
        return _load(name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
