"""A data set as training asks for it: batches, and how much of it a network gets right."""

from collections.abc import Generator, Iterable
from typing import Any, NamedTuple, Protocol, TypeAlias

from backends import Array, ArrayIn, Backend
from backprop.networks import Network


class _Convertible(Protocol):
    def __array__(self) -> Any: ...


class Indexed(Protocol):
    """What gives samples by their numbers: a file, a data base, a computation."""

    def __len__(self) -> int:
        """Return how many samples there are."""

    def __getitem__(self, indices: Any, /) -> ArrayIn:
        """Return those of the numbers in a NumPy array, (B,), as an array with B rows."""


Samples: TypeAlias = ArrayIn | _Convertible | Indexed | list[Any] | tuple[Any, ...]
"""What training takes as inputs or labels: arrays, what NumPy makes one of, and `Indexed`."""


class Share(NamedTuple):
    """The samples of a batch that this process takes.

    Attributes
    ----------
    index : array, shape (B,)
        Their numbers in the data set.
    first : int
        The place of the first one in the batch.
    of : int
        How many samples the batch has, those of other processes too.
    weight : float
        What they count for in the mean over the batch.
    """

    index: Array
    first: int
    of: int
    weight: float


Batched: TypeAlias = Generator[tuple[Array, Array, Share], None, None]
"""Inputs and labels of shares, one after another; closed when no more are wanted."""


class DataSet(Protocol):
    """Inputs and labels, wherever they are.

    Attributes
    ----------
    samples : int
        How many there are.
    home : Backend
        Where the numbers of samples are wanted.
    like : array
        The inputs that were looked at, the first or all, on the network's device and in its dtype.
    """

    samples: int
    home: Backend
    like: Array

    def batches(self, shares: Iterable[Share]) -> Batched:
        """Yield the inputs and labels of each share, on the network's device."""

    def accuracy(self, net: Network, start: int, stop: int) -> float:
        """Return the accuracy on the samples from `start` to `stop`."""
