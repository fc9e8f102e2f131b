"""Optimizers that keep moving where they went: Momentum and Nesterov (section 6.1.4)."""

from backends import Array
from backprop.arguments import a_share
from backprop.training.optimizer import Rule
from backprop.training.schedules import Schedule


class Momentum(Rule):
    """v ← α v + lr dW; W -= v (section 6.1.4, where v has the other sign).

    Parameters
    ----------
    lr : float or schedule
        Learning rate, or its schedule.
    momentum : float
        α, the share of the speed that is kept, in [0, 1).
    weight_decay : float
        λ of the gradient of ½ λ Σ W², which is added to each gradient.

    Raises
    ------
    ValueError
        When a number is outside its range.
    """

    remembers = ("v",)

    def __init__(
        self, lr: float | Schedule = 0.01, momentum: float = 0.9, weight_decay: float = 0.0
    ) -> None:
        super().__init__(lr, weight_decay)
        self.momentum = a_share("momentum", momentum)

    def change(self, g: Array, lr: float, kept: dict[str, Array]) -> Array:
        """Return the new v."""
        kept["v"] *= self.momentum
        kept["v"] += lr * g
        return kept["v"]


class Nesterov(Momentum):
    """v ← α v + lr dW; W -= α v + lr dW: a look ahead along v (Nesterov, 1983).

    The form of Bengio et al., *Advances in optimizing recurrent networks* (2012), in which the
    gradient is that where the parameters are. It is that of the book's repository and of PyTorch.

    Parameters
    ----------
    lr, momentum, weight_decay
        As in `Momentum`.
    """

    def change(self, g: Array, lr: float, kept: dict[str, Array]) -> Array:
        """Return α v + lr g, with the new v."""
        own = lr * g
        kept["v"] *= self.momentum
        kept["v"] += own
        own += self.momentum * kept["v"]
        return own
