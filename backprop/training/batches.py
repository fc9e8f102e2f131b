"""Which samples a step sees: every sample once an epoch, in a new order each time."""

from collections.abc import Iterator
from typing import Any

from backends import Array, Backend


class Batches:
    """Endless epochs of shuffled batches, as index arrays on the device.

    Parameters
    ----------
    count : int
        Number of samples.
    batch_size : int
        Samples in a batch; the last one of an epoch holds what is left.
    backend : Backend
        Where the data is: an epoch's order is sent there at once.
    rng : numpy.random.Generator
        Draws the orders, on the host: the same on every backend.
    """

    def __init__(self, count: int, batch_size: int, backend: Backend, rng: Any) -> None:
        self._count = count
        self._backend = backend
        self._rng = rng
        self._slices = [slice(i, min(i + batch_size, count)) for i in range(0, count, batch_size)]

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""
        return len(self._slices)

    def epoch(self, limit: int) -> Iterator[Array]:
        """Yield the index arrays of one epoch, `limit` of them at most."""
        info = self._backend.xp.__array_namespace_info__()
        index = info.default_dtypes(device=self._backend.device)["indexing"]
        order = self._backend.asarray(self._rng.permutation(self._count), index)
        for part in self._slices[:limit]:
            yield order[part]
