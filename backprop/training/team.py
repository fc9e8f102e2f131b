"""One process that trains alone, and what training asks of several that train together."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Protocol

from backends import Array
from backprop.networks import Network
from backprop.training.data import Share

Grads = dict[str, Array]


class Training(Protocol):
    """What processes that train together must have alike: `Trainer`."""

    net: Network
    augment: Any

    def state_dict(self) -> dict[str, Any]:
        """Return all that training depends on, beside the data."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Put it in."""


class Team(Protocol):
    """The processes that train one network, as one of them sees them.

    Attributes
    ----------
    leads : bool
        Whether this one shows, calls and writes what one of them shall.
    size : int
        How many there are.
    cores : int or None
        How many cores this one has to itself; None if nobody shares them with it.
    """

    leads: bool
    size: int
    cores: int | None

    def begin(self, training: Training, counts: Mapping[str, int | None]) -> None:
        """Let all of them begin with what the first one has; they must have the same counts."""

    def shares(self, order: Iterable[Array]) -> Iterator[Share]:
        """Yield this process's share of each batch, given the numbers of its samples."""

    def tell(self, share: Share) -> None:
        """Say which rows of a batch come next, also to what draws random numbers."""

    def together(self, loss: Array, grads: Grads) -> tuple[Array, Grads]:
        """Return loss and gradients of the batch, given those of this process's share."""

    def stops(self, asked: bool) -> bool:
        """Tell after a step whether training ends here, if this process is asked to end it."""

    def any(self, asked: bool) -> bool:
        """Tell between epochs whether any process is asked to end."""

    def accuracy(self, measure: Callable[[int, int], float], samples: int) -> float:
        """Return the accuracy on all samples; `measure` gives that from one to another."""

    def leave(self) -> None:
        """End in the middle of training, without the others."""

    def end(self) -> None:
        """Wait for the others."""


class Alone:
    """One process, all of whose work is its own: a `Team`."""

    leads = True
    size = 1
    cores: int | None = None

    def begin(self, training: Training, counts: Mapping[str, int | None]) -> None:
        """Do nothing."""

    def shares(self, order: Iterable[Array]) -> Iterator[Share]:
        """Yield all of each batch."""
        for index in order:
            yield Share(index, 0, index.shape[0], 1.0)

    def tell(self, share: Share) -> None:
        """Do nothing."""

    def together(self, loss: Array, grads: Grads) -> tuple[Array, Grads]:
        """Return what came."""
        return loss, grads

    def stops(self, asked: bool) -> bool:
        """Return what came."""
        return asked

    def any(self, asked: bool) -> bool:
        """Return what came."""
        return asked

    def accuracy(self, measure: Callable[[int, int], float], samples: int) -> float:
        """Measure all."""
        return measure(0, samples)

    def end(self) -> None:
        """Do nothing."""

    def leave(self) -> None:
        """Do nothing."""
