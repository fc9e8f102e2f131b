"""From gradients to new parameters (section 6.1.2 for the class, 4.5 for the rule)."""

import math
from collections.abc import Mapping, MutableMapping
from typing import Any, Protocol

from backends import Array


class Optimizer(Protocol):
    """What the trainer needs: the book's `update`."""

    def update(self, params: Any, grads: Mapping[str, Array]) -> None:
        """Change every parameter by its gradient."""


class SGD:
    """Stochastic gradient descent: W -= lr * dW.

    Parameters
    ----------
    lr : float
        Learning rate.

    Raises
    ------
    ValueError
        When `lr` is not positive and finite.
    """

    def __init__(self, lr: float = 0.01) -> None:
        if not (lr > 0 and math.isfinite(lr)):
            raise ValueError(f"`lr` must be positive and finite; got {lr}")
        self.lr = lr

    def update(self, params: MutableMapping[str, Array] | Any, grads: Mapping[str, Array]) -> None:
        """Change `params` by `grads`, key by key; in place where the library's arrays can."""
        for key in params:
            params[key] -= self.lr * grads[key]
