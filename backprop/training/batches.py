"""Shuffled batches: every sample once an epoch, in a new order each time."""

from collections.abc import Iterator, Mapping
from typing import Any

from backends import Array, Backend
from backprop.arguments import at_least_0, whole


class Batches:
    """Endless epochs of shuffled batches, and how far they have come.

    Parameters
    ----------
    batch_size : int
        Samples in a batch; the last one of an epoch holds what is left.
    rng : numpy.random.Generator
        Draws the orders, on the host: the same on every backend.

    Attributes
    ----------
    samples : int
        Number of samples of the epoch that is under way; 0 before the first.
    done : int
        Batches that training has been through in this epoch.
    under_way : bool
        Whether more of them are being learnt just now, which are not counted yet.

    Raises
    ------
    TypeError
        When `batch_size` is no whole number.
    ValueError
        When it is less than 1.
    """

    def __init__(self, batch_size: int, rng: Any) -> None:
        self.samples = self.done = 0
        self.under_way = False
        self._rng = rng
        self._epochs = 0.0  # those before this one
        self._before = self._after = rng.bit_generator.state  # of drawing this epoch's order
        self.batch_size = whole("batch_size", batch_size)

    def check_settled(self) -> None:
        """Raise a RuntimeError while steps are taken: what they have changed is not counted yet."""
        if self.under_way:
            raise RuntimeError(
                "a trainer must be between epochs, as `on_epoch` finds it, to be saved, loaded or "
                "started; it is in the middle of one"
            )

    def start(self, samples: int) -> None:
        """Go on within the epoch if it has as many samples; else begin one."""
        if samples != self.samples:
            self._begin(samples, self.batch_size)

    def resize(self, batch_size: int) -> None:
        """Begin an epoch of batches of another size."""
        self.check_settled()
        batch_size = whole("batch_size", batch_size)
        if batch_size != self.batch_size:
            self._begin(self.samples, batch_size)

    def _begin(self, samples: int, batch_size: int) -> None:
        self._epochs = self.epochs
        self.samples, self.batch_size, self.done = samples, batch_size, 0

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""
        return -(-self.samples // self.batch_size)

    @property
    def epochs(self) -> float:
        """How many epochs training has been through, with the fraction of this one."""
        return self._epochs + (self.done / len(self) if self.done else 0)

    def left(self, goal: float) -> int:
        """Return how many steps there are until so many epochs are over, at the present size."""
        return round(goal - self._epochs) * len(self) - self.done

    def goal(self, epochs: int) -> float:
        """Return how many epochs will be over after so many more, this one being the first."""
        return self._epochs + epochs

    def rest(self, backend: Backend, limit: int) -> Iterator[Array]:
        """Yield what is left of the epoch, at most `limit` batches, as index arrays.

        Parameters
        ----------
        backend : Backend
            Where the data is: the epoch's order is sent there at once.
        limit : int
            How many batches at most.
        """
        self._rng.bit_generator.state = self._before
        info = backend.xp.__array_namespace_info__()
        index = info.default_dtypes(device=backend.device)["indexing"]
        order = backend.asarray(self._rng.permutation(self.samples), index)
        self._after = self._rng.bit_generator.state
        for i in range(self.done, min(self.done + limit, len(self))):
            yield order[i * self.batch_size : min((i + 1) * self.batch_size, self.samples)]

    def advance(self, steps: int) -> None:
        """Count batches of `rest` that training has been through."""
        self.done += steps
        if self.done == len(self):
            self._epochs, self.done, self._before = self._epochs + 1, 0, self._after

    def state_dict(self) -> dict[str, Any]:
        """Return the place in the epoch, with the generator as it was when the epoch began.

        Raises a RuntimeError while steps are taken.
        """
        self.check_settled()
        return {
            "generator": self._before,
            "epochs": self._epochs,
            "samples": self.samples,
            "batch_size": self.batch_size,
            "batches": self.done,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go to the place that `state_dict` gave.

        Raises
        ------
        ValueError
            When `state` says no such place.
        """
        try:
            self._rng.bit_generator.state = state["generator"]
            self._before = self._after = self._rng.bit_generator.state
            self._epochs = at_least_0("epochs", state["epochs"])
            self.samples = whole("samples", state["samples"], least=0)
            self.done = whole("batches", state["batches"], least=0)
            self.batch_size = whole("batch_size", state["batch_size"])
            if self.done >= max(1, len(self)):
                raise ValueError(
                    f"{self.done} batches of {self.batch_size}, of {self.samples} samples"
                )
        except (LookupError, OverflowError, TypeError, ValueError) as error:
            what = f"{type(error).__name__}: {error}"
            raise ValueError(f"the position must be one that a trainer gave; {what}") from None
