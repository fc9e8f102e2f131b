"""How large weights are at the start (section 6.2)."""

import math
import numbers
from typing import TypeAlias

from backprop.arguments import at_least_0

WeightScale: TypeAlias = float | str
"""A standard deviation, or the name of a rule."""

_GAINS = {"he": 2.0, "relu": 2.0, "xavier": 1.0, "sigmoid": 1.0, "tanh": 1.0}


def weight_std(weight_init_std: WeightScale, inputs: int) -> float:
    """Return the standard deviation of the weights of a layer.

    Parameters
    ----------
    weight_init_std : float or str
        The standard deviation itself; or ``"he"`` or ``"relu"``, √(2 / inputs), which keeps the
        size of what comes through under Relu (He et al., 2015); or ``"xavier"``, ``"sigmoid"`` or
        ``"tanh"``, √(1 / inputs) (Glorot and Bengio, 2010, as the book has it).
    inputs : int
        How many inputs each output has: D of an Affine layer, C FH FW of a Convolution.

    Raises
    ------
    TypeError
        When it is neither a number nor a name.
    ValueError
        When it is no rule, or a number that is negative or not finite.

    Examples
    --------
    >>> weight_std("he", 50), weight_std("xavier", 100), weight_std(0.01, 784)
    (0.2, 0.1, 0.01)
    """
    if isinstance(weight_init_std, str):
        if weight_init_std.lower() not in _GAINS:
            raise ValueError(
                f"`weight_init_std` must be a number or one of {', '.join(_GAINS)}; "
                f"got {weight_init_std!r}"
            )
        return math.sqrt(_GAINS[weight_init_std.lower()] / inputs)
    if isinstance(weight_init_std, bool) or not isinstance(weight_init_std, numbers.Real):
        raise TypeError(
            f"`weight_init_std` must be a number or the name of a rule; got {weight_init_std!r}"
        )
    return at_least_0("weight_init_std", weight_init_std)
