"""What is asked of several processes that work on one thing."""

from typing import Any, Protocol, runtime_checkable

from backends import Array


@runtime_checkable
class Communicator(Protocol):
    """Processes that call each method together: each of them waits for all.

    Attributes
    ----------
    rank : int
        The number of this process, from 0.
    size : int
        How many there are.

    Notes
    -----
    `cores`, if there is such an attribute, is how many cores of its machine this process has to
    itself: training then uses no more threads.
    """

    @property
    def rank(self) -> int:
        """The number of this process, from 0."""

    @property
    def size(self) -> int:
        """How many processes there are."""

    def total(self, vector: Array) -> Array:
        """Return the sum of the vectors of all processes, the same bits in each.

        Parameters
        ----------
        vector : array, shape (P,)
            Of one length and dtype in all processes. Its memory may be used for the sum.

        Returns
        -------
        array, shape (P,)
            Of the library, on the device and in the dtype of `vector`.
        """

    def from_first(self, value: Any) -> Any:
        """Return what process 0 gave: numbers, texts, NumPy arrays, in dictionaries and lists."""


def share_of(communicator: Communicator, count: int) -> tuple[int, int]:
    """Return where this process's share of `count` things begins and ends.

    Shares lie in the order of the processes, and differ by one thing at most.
    """
    rank, size = communicator.rank, communicator.size
    return rank * count // size, (rank + 1) * count // size
