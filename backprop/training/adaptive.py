"""Optimizers with a rate for each entry: AdaGrad, RMSprop, Adam, AdamW (sections 6.1.5 and 6.1.6).

Each divides by the root of a sum or a mean of squared gradients. `eps` keeps that from 0, and is
added to the root, as in the book.
"""

import math
from collections.abc import MutableMapping

from backends import Array, namespace
from backprop.arguments import a_share, at_least_0
from backprop.training.optimizer import Rule
from backprop.training.schedules import Schedule

EPS = 1e-7
"""The book's."""


class AdaGrad(Rule):
    """h += dW²; W -= lr dW / (√h + eps) (section 6.1.5; Duchi, Hazan and Singer, 2011).

    Parameters
    ----------
    lr : float or schedule
        Learning rate, or its schedule.
    eps : float
        What is added to the root.
    weight_decay : float
        λ of the gradient of ½ λ Σ W², which is added to each gradient.

    Raises
    ------
    ValueError
        When a number is outside its range.
    """

    remembers: tuple[str, ...] = ("h",)

    def __init__(
        self, lr: float | Schedule = 0.01, eps: float = EPS, weight_decay: float = 0.0
    ) -> None:
        super().__init__(lr, weight_decay)
        self.eps = at_least_0("eps", eps)

    def change(self, g: Array, lr: float, kept: dict[str, Array]) -> Array:
        """Return lr g / (√h + eps), with the new h."""
        kept["h"] += g * g
        return lr * g / self._root(kept["h"])

    def _root(self, squares: Array) -> Array:
        root = namespace(squares).sqrt(squares)
        root += self.eps
        return root


class RMSprop(AdaGrad):
    """h ← ρ h + (1 - ρ) dW²; W -= lr dW / (√h + eps) (Tieleman and Hinton, 2012).

    Parameters
    ----------
    lr : float or schedule
        Learning rate, or its schedule.
    decay_rate : float
        ρ, in [0, 1).
    eps, weight_decay
        As in `AdaGrad`.

    Raises
    ------
    ValueError
        When a number is outside its range.
    """

    def __init__(
        self,
        lr: float | Schedule = 0.01,
        decay_rate: float = 0.99,
        eps: float = EPS,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(lr, eps, weight_decay)
        self.decay_rate = a_share("decay_rate", decay_rate)

    def change(self, g: Array, lr: float, kept: dict[str, Array]) -> Array:
        """Return lr g / (√h + eps), with the new h."""
        squares = g * g
        squares *= 1.0 - self.decay_rate
        kept["h"] *= self.decay_rate
        kept["h"] += squares
        return lr * g / self._root(kept["h"])


class Adam(AdaGrad):
    """Means of dW and of dW², corrected for their start at 0 (section 6.1.6; Kingma and Ba, 2015).

    m += (1 - β₁)(dW - m); v += (1 - β₂)(dW² - v); W -= lr √(1 - β₂ᵗ) / (1 - β₁ᵗ) m / (√v + eps)
    at step t = 1, 2, ...

    Parameters
    ----------
    lr : float or schedule
        Learning rate, or its schedule.
    beta1, beta2 : float
        β₁ and β₂, in [0, 1).
    eps, weight_decay
        As in `AdaGrad`.

    Raises
    ------
    ValueError
        When a number is outside its range.
    """

    remembers = ("m", "v")

    def __init__(
        self,
        lr: float | Schedule = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = EPS,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(lr, eps, weight_decay)
        self.beta1, self.beta2 = a_share("beta1", beta1), a_share("beta2", beta2)

    def change(self, g: Array, lr: float, kept: dict[str, Array]) -> Array:
        """Return lr m / (√v + eps), with the new m and v; `lr` is the corrected rate."""
        kept["m"] += (1.0 - self.beta1) * (g - kept["m"])
        kept["v"] += (1.0 - self.beta2) * (g * g - kept["v"])
        return lr * kept["m"] / self._root(kept["v"])

    def rates(self) -> tuple[float, float]:
        """Return the learning rate of the next step, and that corrected for the start at 0."""
        lr, t = super().rates()[0], self.steps + 1
        return lr, lr * math.sqrt(1.0 - self.beta2**t) / (1.0 - self.beta1**t)


class AdamW(Adam):
    """Adam, with weights that decay beside the gradient: W -= lr λ W (Loshchilov and Hutter, 2019).

    Parameters
    ----------
    lr, beta1, beta2, eps
        As in `Adam`.
    weight_decay : float
        λ.

    Raises
    ------
    ValueError
        When a number is outside its range.
    """

    def __init__(
        self,
        lr: float | Schedule = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = EPS,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(lr, beta1, beta2, eps, weight_decay)

    def decayed(self, params: MutableMapping[str, Array], g: Array, lr: float) -> Array:
        """Let the parameters decay; return the gradients as they are."""
        for name in params:
            params[name] *= 1.0 - lr * self.weight_decay
        return g
