"""What the search for parameters does not read: arrays of other dtypes, and what lies too far."""

from typing import Any

import numpy as np

from backprop.numerical.perturb import Place
from backprop.targets.moving import moves
from backprop.targets.paths import arrays_of
from backprop.targets.reach import DEEPEST, MOST, is_searched
from backprop.targets.subject import Options, Subject

UNREAD = (
    "it moves the output, and is no real floating array, but of dtype {}; if it is not learnt, say "
    "so: constants="
)
STOPPED = (
    f"the search for parameters ends after {MOST:,} things, and {DEEPEST:,} steps away from the "
    "target; say where they are: params="
)
REST = "the rest"
"""What the report calls that."""


def note_unread(subject: Subject, options: Options) -> None:
    """Note what may be a parameter as well, and is not read, unless all parameters are named."""
    if options.params:
        return
    passes = subject.passes
    passes.base.restore()
    for root in passes.calls.roots:
        for name, place in unread_arrays(root).items():
            if name not in options.constants and moves(place, passes.phi):
                subject.arrays[name] = place
                subject.missing[name] = UNREAD.format(place.get().dtype)
        if not is_searched(root):
            subject.arrays[REST] = Place([np.zeros(0)], 0)
            subject.missing[REST] = STOPPED


def unread_arrays(root: Any) -> dict[str, Place]:
    """Return the arrays that hold floating numbers and are no real floating arrays, by name."""
    return arrays_of(root, _is_unread)


def _is_unread(x: Any) -> bool:
    """Tell whether an array holds floating numbers, and is not a real floating array."""
    return "complex" in str(x.dtype) or getattr(x.dtype, "names", None) is not None
