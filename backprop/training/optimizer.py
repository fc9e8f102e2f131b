"""Optimizers: new parameters from gradients (section 6.1.2 for the class, 4.5 for the rule)."""

from collections.abc import Mapping, MutableMapping
from typing import Any, Protocol, runtime_checkable

from backends import Array
from backprop.arguments import positive


class Updater(Protocol):
    """The least that training needs: the book's `update`."""

    def update(self, params: MutableMapping[str, Array], grads: Mapping[str, Array]) -> None:
        """Change every parameter by its gradient."""


@runtime_checkable
class Optimizer(Updater, Protocol):
    """An optimizer whose work can be interrupted: what it remembers can be taken out and put in."""

    def state_dict(self) -> dict[str, Any]:
        """Return what it remembers: arrays and numbers by name, in dictionaries and lists."""

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Remember what `state_dict` gave, its arrays on the network's backend."""


class SGD:
    """Stochastic gradient descent: W -= lr * dW.

    Parameters
    ----------
    lr : float
        Learning rate.

    Raises
    ------
    TypeError
        When `lr` is no number.
    ValueError
        When it is not positive and finite.
    """

    def __init__(self, lr: float = 0.01) -> None:
        self.lr = positive("lr", lr)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(lr={self.lr!r})"

    def update(self, params: MutableMapping[str, Array], grads: Mapping[str, Array]) -> None:
        """Change `params` by `grads`, key by key; in place where the library's arrays can."""
        for key in params:
            params[key] -= self.lr * grads[key]

    def state_dict(self) -> dict[str, Any]:
        """Return the learning rate: `SGD` remembers nothing else."""
        return {"lr": self.lr}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take the learning rate that `state_dict` gave.

        Raises
        ------
        ValueError
            When `state` holds anything else.
        """
        if set(state) != {"lr"}:
            raise ValueError(f"the state of SGD must hold lr; got {', '.join(state) or 'nothing'}")
        self.lr = positive("lr", state["lr"])


OPTIMIZERS: dict[str, type[Optimizer]] = {"SGD": SGD}
"""Those that a file may name; each can be made without arguments, and then takes its state."""
