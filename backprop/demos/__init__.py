"""The book's programs of chapters 2 to 8, short and meant to be read; `backprop demo` runs them.

Each is a module with a function `run`; the first line of its docstring says what it does.
"""

import difflib
import importlib
from typing import Any

from backprop.demos.settings import Settings

__all__ = ["NAMES", "TAKE_PARAMS", "Settings", "run", "summary"]

NAMES = (
    "gates",
    "activations",
    "three-layer",
    "softmax",
    "mnist-inference",
    "mini-batch",
    "losses",
    "numerical-diff",
    "gradient-descent",
    "simple-net",
    "learn-numerically",
    "apple",
    "apple-orange",
    "gradient-check",
    "learn-backprop",
    "optimizer-paths",
    "optimizer-comparison",
    "activation-histograms",
    "batch-norm",
    "weight-decay",
    "dropout",
    "hyperparameters",
    "filters",
    "apply-filters",
    "misclassified",
    "half-precision",
)

TAKE_PARAMS = ("mnist-inference", "filters", "apply-filters", "misclassified", "half-precision")
"""The programs that look at the network of a file, if one is given."""


def summary(name: str) -> str:
    """Return what the program called `name` does, in one line.

    Raises
    ------
    ValueError
        When there is none of that name.

    Examples
    --------
    >>> summary("apple")
    'Price of two apples with tax, and what it depends on (section 5.4.1).'
    """
    return str(_module(name).__doc__).partition("\n")[0]


def run(name: str, settings: Settings) -> None:
    """Run the program called `name`.

    Raises
    ------
    ValueError
        When there is none of that name.
    """
    _module(name).run(settings)


def _module(name: str) -> Any:
    if name not in NAMES:
        close = difflib.get_close_matches(name, NAMES, 1, 0.7)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise ValueError(f"demo must be one of {', '.join(NAMES)}; got {name!r}{hint}")
    return importlib.import_module(f"backprop.demos.{name.replace('-', '_')}")
