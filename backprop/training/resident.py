"""A data set that is moved to the network's device once, and stays there."""

from collections.abc import Iterable

import backends
from backends import Array
from backprop.networks import Network
from backprop.training.data import Batched, Share


class Resident:
    """Inputs and labels as arrays on one device: a `DataSet`.

    Parameters
    ----------
    x : array, shape (N, ...)
        Inputs.
    t : array, shape (N,) or (N, ...)
        Labels.
    """

    def __init__(self, x: Array, t: Array) -> None:
        self.samples, self.like, self.home = int(x.shape[0]), x, backends.of(x)
        self._x, self._t = x, t

    def batches(self, shares: Iterable[Share]) -> Batched:
        """Yield the inputs and labels of each share."""
        x, t, take = self._x, self._t, self.home.xp.take
        for share in shares:
            yield take(x, share.index, axis=0), take(t, share.index, axis=0), share

    def accuracy(self, net: Network, start: int, stop: int) -> float:
        """Return the accuracy on the samples from `start` to `stop`."""
        if stop - start == self.samples:
            return net.accuracy(self._x, self._t)
        return net.accuracy(self._x[start:stop, ...], self._t[start:stop, ...])
