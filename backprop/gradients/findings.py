"""What passes give and do: gradients, and what was noticed beside their values."""

import math
from dataclasses import dataclass, field

from backends import Array
from backprop.numerical.pieces import farthest, same


@dataclass
class Findings:
    """What the passes gave and did.

    Attributes
    ----------
    gradients : dict of str to array
        The analytic gradients, copied.
    problems, notes : list of str
        What is wrong beside the values, and what is only worth knowing.
    stale : set of str
        Gradients that are another's after a pass on other inputs.
    ignoring : set of str
        Gradients that stay what they are, whatever `dout` is.
    """

    gradients: dict[str, Array]
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    stale: set[str] = field(default_factory=set)
    ignoring: set[str] = field(default_factory=set)


def distance(a: Array | None, b: Array | None, factor: float = 1.0) -> float:
    """Return the largest entry of |a - factor b|; inf where there is but one, or another shape."""
    if a is None or b is None:
        return 0.0 if a is b else math.inf
    if getattr(a, "shape", ()) != getattr(b, "shape", ()):
        return math.inf
    return 0.0 if factor == 1.0 and same(a, b) else farthest(a, b, factor)
