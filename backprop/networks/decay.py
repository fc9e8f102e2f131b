"""Weight decay: ½ λ Σ W² beside the loss, and λ W in its gradient (section 6.4.2).

The weights are what layers hold as `W`; biases, scales and shifts don't decay.
"""

from typing import Protocol

from backends import Array, namespace
from backprop.arrays import float_bits
from backprop.networks.parameters import Parameters


class Decaying(Protocol):
    """A network, as far as decay knows it."""

    weight_decay_lambda: float

    @property
    def params(self) -> Parameters:
        """The parameters by name."""


def _weights(net: Decaying) -> dict[str, Array]:
    return {name: slot.get() for name, slot in net.params.slots.items() if slot.key == "W"}


def penalty(net: Decaying) -> Array:
    """Return ½ λ Σ W², a 0-d array; 0.0 without weights."""
    return sum(0.5 * net.weight_decay_lambda * _squares(W) for W in _weights(net).values())


def _squares(W: Array) -> Array:
    """Return Σ W², which may be more than 16 bits hold."""
    xp = namespace(W)
    if float_bits(xp, W.dtype) < 32:
        W = xp.astype(W, xp.float32)
    return xp.sum(W * W)


def added(net: Decaying, grads: dict[str, Array]) -> dict[str, Array]:
    """Return the gradients with λ W added to those of the weights."""
    weights = _weights(net)
    return {
        name: grad + net.weight_decay_lambda * weights[name] if name in weights else grad
        for name, grad in grads.items()
    }


def changes(net: Decaying, offsets: tuple[float, ...]) -> dict[str, Array]:
    """Return how the penalty changes with each weight, λ (W h + h² / 2), for each offset h."""
    rate = net.weight_decay_lambda
    return {
        name: namespace(W).stack([rate * (W * h + 0.5 * h * h) for h in offsets])
        for name, W in _weights(net).items()
    }
