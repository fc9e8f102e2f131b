"""The arguments that a backward pass takes: `dout`, and whatever else it has to be given."""

import inspect
import re
from collections.abc import Sequence
from typing import Any

from backprop.targets.calls import DERIVATIVES

OUTPUTS = ("output", "out", "outputs", "y", "a", "activations")
"""Attributes that an output stands in, where `forward` returns nothing or the object itself."""
NONE = object()
"""What stands for a cache where there is none."""

_INPUT = ("x", "X", "inputs", "input", "inp", "a_prev", "A_prev")
_LABELS = ("t", "y_true", "target", "targets", "labels", "label", "y", "actual")
_SHORT = re.compile("[tyTY](_?(batch|train|test|[bis]))?|gt|tgt|yt|ref|teacher|correct")
_SAID = (
    "true", "truth", "target", "label", "actual", "expected", "desired", "observed", "observation",
    "reference", "onehot", "one_hot", "classes", "answer",
)  # fmt: skip


def is_label(name: str) -> bool:
    """Tell whether an input is called as what a loss compares the output with."""
    whole = name in _LABELS or _SHORT.fullmatch(name)
    return bool(whole) or any(word in name.lower() for word in _SAID)


def arguments(
    parameters: Sequence[inspect.Parameter],
    names: Sequence[str],
    xs: Sequence[Any],
    y: Any,
    dout: Any,
    cache: Any,
) -> list[Any]:
    """Return what a backward pass is called with.

    Parameters
    ----------
    parameters : sequence of inspect.Parameter
        What it takes by position. The first that is called like a derivative is `dout`, else the
        first of all.
    names : sequence of str
        Those of the inputs.
    xs, y, dout, cache : object
        The inputs, the output, the derivative by it, and what forward returned beside it, or NONE.

    Raises
    ------
    TypeError
        When it takes something else.
    """
    if not parameters:
        return []
    required = [p for p in parameters if p.default is p.empty] or list(parameters[:1])
    if isinstance(dout, tuple | list) and len(required) == len(dout) and cache is NONE:
        return list(dout)
    derivative = next((p for p in required if p.name.lower().startswith(DERIVATIVES)), required[0])
    given = {**dict(zip(names, xs, strict=False)), derivative.name: dout}
    found: list[Any] = []
    for p in required:
        if p.name in given:
            found.append(given[p.name])
        elif cache is not NONE:
            found.append(cache)
            cache = NONE
        elif p.name in _INPUT and xs:
            found.append(xs[0])
        elif p.name in _LABELS and len(xs) > 1:
            found.append(xs[1])
        elif p.name in OUTPUTS:
            found.append(y)
        else:
            raise TypeError(
                f"the backward pass needs `{p.name}`; give it by kwargs={{{p.name!r}: ...}}"
            )
    return found
