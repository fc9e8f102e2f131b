"""A data set that stays where it is: a part at a time is read, checked, and sent to the device."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import closing, suppress
from typing import Any

import numpy as np

import backends
from backprop.arrays import shape
from backprop.networks import Network
from backprop.training.admission import (
    admitted,
    check_shapes,
    check_values,
    held_on,
    outputs_of,
    placed,
)
from backprop.training.ahead import ahead
from backprop.training.data import Batched, Share
from backprop.training.mapped import let_go, mapping_of

BLOCK = 4 << 20  # bytes that are read at a time, in whole batches: one at least
FIRST = 100  # samples that are looked at before training
_PASS = 1000  # samples of which an accuracy is taken at a time
MAPPED = 192 << 20  # bytes of a mapped file that may be in memory before they are given back
_AROUND = 64 << 10  # what a system brings in with a sample, beside it


def stays_where_it_is(data: Any) -> bool:
    """Tell whether samples are read as they are wanted: from a mapped file, or by their numbers.

    What NumPy can make an array of is no such thing, unless it is an array in a mapped file.
    """
    if mapping_of(data) is not None:
        return True
    if hasattr(data, "dtype") or hasattr(data, "__array__"):
        return False
    with suppress(TypeError):
        memoryview(data).release()
        return False
    plain = isinstance(data, Sequence | Mapping | Set)
    return not plain and hasattr(data, "__len__") and hasattr(data, "__getitem__")


class Streamed:
    """Inputs and labels that are gathered on the host as they are wanted: a `DataSet`.

    The next part is read and checked in a thread while the network learns from the one before.

    Parameters
    ----------
    net : Network
        That learns from them.
    x, t : Samples
        One of them at least stays where it is; the other may be an array.
    name : str
        What errors call them.

    Raises
    ------
    TypeError, ValueError
        When inputs and labels differ in number, or the first ones are not such as the network
        takes. Others are looked at when they are read.
    """

    def __init__(self, net: Network, x: Any, t: Any, name: str) -> None:
        self._net, self._name, self._read = net, name, 0
        self._columns = tuple(
            c if stays_where_it_is(c) else held_on(backends.host(), c) for c in (x, t)
        )
        if len(self._columns[0]) != len(self._columns[1]):
            counts = " and ".join(f"{len(column):,}" for column in self._columns)
            raise ValueError(f"`{name}` must be N inputs and N labels; got {counts}")
        self.samples, self.home = len(self._columns[0]), backends.host()
        first = np.arange(min(FIRST, self.samples))
        self.like, _ = admitted(net, *self._gathered(first), name)
        self._outputs = outputs_of(net, self.like)

    def batches(self, shares: Iterable[Share]) -> Batched:
        """Yield the inputs and labels of each share, on the network's device."""
        with closing(ahead(self._blocks(iter(shares)))) as blocks:
            for x, t, parts in blocks:
                x, t = placed(self._net, x, t, self._name)
                start = 0
                for share in parts:
                    stop = start + share.index.shape[0]
                    yield x[start:stop, ...], t[start:stop, ...], share
                    start = stop

    def _blocks(self, shares: Iterator[Share]) -> Iterator[tuple[Any, Any, list[Share]]]:
        """Yield shares with their inputs and labels on the host, checked; several at a time."""
        most = BLOCK // (8 * max(1, math.prod(self.like.shape[1:])))
        for first in shares:
            parts = [first]
            count = first.index.shape[0]
            while count + first.index.shape[0] <= most and (more := next(shares, None)):
                parts.append(more)
                count += more.index.shape[0]
            x, t = self._gathered(np.concatenate([part.index for part in parts]))
            check_values(self._net, x, t, self._outputs, self._name)
            yield x, t, parts

    def _gathered(self, index: Any) -> tuple[Any, Any]:
        """Return inputs and labels of these numbers, on the host."""
        x, t = (_rows(column, index) for column in self._columns)
        check_shapes(shape(x), shape(t), self._name)
        if x.shape[0] != index.shape[0]:
            raise ValueError(
                f"`{self._name}` must give a sample for each number; got {x.shape[0]} for "
                f"{index.shape[0]}"
            )
        self._read += x.nbytes + index.shape[0] * _AROUND
        if self._read >= MAPPED:
            self._read = 0
            for column in self._columns:
                let_go(column)
        return x, t

    def accuracy(self, net: Network, start: int, stop: int) -> float:
        """Return the accuracy on the samples from `start` to `stop`."""
        numbers = np.arange(start, stop)
        parts = [numbers[i : i + _PASS] for i in range(0, stop - start, _PASS)]
        shares = (Share(part, 0, part.size, 1.0) for part in parts)
        with closing(self.batches(shares)) as batches:
            right = sum(net.accuracy(x, t) * x.shape[0] for x, t, _ in batches)
        return float(right / (stop - start))


def _rows(column: Any, index: Any) -> Any:
    """Return the samples of these numbers; of an array that lie in a row, without a copy.

    What is no array may fill the same memory with the next ones, which are read ahead: a copy.
    """
    if not isinstance(column, np.ndarray):
        return held_on(backends.host(), column[index]).copy()
    if index.size and np.all(np.diff(index) == 1):
        column = column[index[0] : index[-1] + 1]
    else:
        column = column[index]
    return held_on(backends.host(), column)
