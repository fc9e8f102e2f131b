"""Gradient descent (section 6.1.2)."""

from collections.abc import Mapping, MutableMapping
from typing import Any

import backends
from backends import Array
from backprop.arrays import is_array
from backprop.layers.layer import keeps
from backprop.training.optimizer import Rule
from backprop.training.schedules import Schedule
from backprop.training.vector import check_together, fitting


class SGD(Rule):
    """Stochastic gradient descent: W -= lr dW (section 6.1.2).

    Parameters
    ----------
    lr : float or schedule
        Learning rate, or its schedule.
    weight_decay : float
        λ of the gradient of ½ λ Σ W², which is added to each gradient.

    Raises
    ------
    ValueError
        When `lr` is not positive and finite, or `weight_decay` negative.
    """

    def __init__(self, lr: float | Schedule = 0.01, weight_decay: float = 0.0) -> None:
        super().__init__(lr, weight_decay)

    def apply(
        self,
        params: MutableMapping[str, Array],
        grads: Mapping[str, Array],
        rates: tuple[float, float],
    ) -> None:
        """Change `params` by `grads` as `Rule.apply` does; on the host and compiled array by array.

        There memory costs more than operations, and a vector of all gradients is a copy. A subclass
        whose `change` is its own gets that vector everywhere.
        """
        first = next(iter(grads.values()), None)
        traced = is_array(first) and backends.device(first) is None
        by_array = keeps(self, SGD, "change") and (traced or backends.host().holds(first))
        if self.weight_decay or not by_array:
            super().apply(params, grads, rates)
            return
        self.steps += 1
        lr = rates[0]
        for name in params:
            value: Any = params[name]
            grad: Any = grads.get(name)
            wanted = getattr(value, "shape", ())
            if type(grad) is not type(value) or getattr(grad, "shape", ()) != wanted:
                check_together(value, grad)  # it takes a moment, and mostly all is well
                grad = fitting(grads, name, wanted)
            value -= lr * grad
            params[name] = value

    def change(self, g: Array, lr: float, kept: dict[str, Array]) -> Array:
        """Return lr g."""
        return lr * g
