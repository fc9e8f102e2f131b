"""From perturbed weights of an Affine layer to the losses: which samples, and what they change.

Shapes as in `sweep`: N samples, D inputs and M outputs of the perturbed layer, B and J the
inputs and outputs whose weights are perturbed at a time, R samples that they reach, C features of
what comes later.
"""

from collections.abc import Iterator
from typing import Any, TypeAlias

import backends
from backends import Array, namespace
from backprop.arrays import default_dtype, float_bits, is_array
from backprop.layers.flatten import Flatten
from backprop.numerical.tail import Tail, is_affine

Block: TypeAlias = tuple[slice, int, list[slice]]
"""Inputs to perturb at a time, how many samples they reach at most, and with which outputs."""

_TEMPORARIES = 4  # arrays of the size of the scores that a chunk holds at a time


class Active:
    """Which samples the weights of each input reach: those where the input is not 0.

    Attributes
    ----------
    counts : list of int, length L
        How many, for each input that reaches any, in rising order.
    x : array, shape (L, N)
        The inputs in that order, a 1 for the bias among them; in each row what is not 0 first.
    samples : array of int, shape (L, N)
        The number of the sample that each entry of `x` is of.
    rows : array of int, shape (D + 1,)
        Where in `x` each input is, the bias last; L for an input that reaches nothing.
    """

    def __init__(self, x: Array) -> None:
        xp, n, backend = namespace(x), x.shape[0], backends.of(x)
        ones = xp.ones((n, 1), dtype=x.dtype, device=backends.device(x))
        x = xp.concat([xp.reshape(x, (n, -1)), ones], axis=1).T
        counts = backend.to_numpy(xp.sum(xp.astype(x != 0, x.dtype), axis=1)).tolist()
        order = sorted((row for row, count in enumerate(counts) if count), key=counts.__getitem__)
        place = {row: i for i, row in enumerate(order)}
        index = default_dtype(x, "indexing")
        x = xp.take(x, backend.asarray(order, index), axis=0)
        samples = xp.argsort(xp.astype(x == 0, xp.int8), axis=1, stable=True)
        self.counts = [int(counts[row]) for row in order]
        self.x = xp.take_along_axis(x, samples, axis=1)
        self.samples = samples
        self.rows = backend.asarray([place.get(i, len(order)) for i in range(len(counts))], index)


class Column:
    """The way of one changed column from an Affine layer to the losses."""

    def __init__(self, tail: Tail, position: int) -> None:
        self.tail = tail
        self.width = tail.layers[position].W.shape[1]  # M
        end = position + 1
        while end < len(tail.layers) and not is_affine(tail.layers[end]):
            end += 1
        self.activations = _with_factors(tail, position + 1, end)
        self.next = tail.layers[end] if end < len(tail.layers) else None
        self.rest = _with_factors(tail, end + 1, len(tail.layers))
        self.before = tail.inputs[position + 1].T  # (M, N)
        self.after = tail.inputs[end].T  # (M, N)
        self.base = self.after if self.next is None else tail.inputs[end + 1].T  # (C, N)

    def blocks(self, counts: list[int], memory: int) -> Iterator[Block]:
        """Yield what to perturb at a time, to stay within `memory`."""
        widths = [layer.W.shape[1] for layer, _ in self.rest if is_affine(layer)]
        itemsize = float_bits(namespace(self.base), self.base.dtype) // 8
        entries = memory // (max([self.base.shape[0], *widths]) * itemsize * _TEMPORARIES)
        start = 0
        while start < len(counts):
            stop = start + 1
            while stop < len(counts) and (stop + 1 - start) * self.width * counts[stop] <= entries:
                stop += 1
            j = min(self.width, max(1, entries // counts[stop - 1]))
            outputs = [slice(i, min(i + j, self.width)) for i in range(0, self.width, j)]
            yield slice(start, stop), counts[stop - 1], outputs
            start = stop

    def change(self, moved: Array, samples: Array, outputs: slice) -> Array:
        """Return the loss's changes, shape (J, B).

        Parameters
        ----------
        moved : array, shape (B, R)
            What the perturbed weights add to their column.
        samples : array of int, shape (B, R)
            In which samples.
        outputs : slice
            The J columns.
        """
        xp = namespace(moved)
        flat = xp.reshape(samples, (-1,))

        def chosen(x: Array) -> Array:  # (F, N) -> (F, B, R)
            return xp.reshape(xp.take(x, flat, axis=1), (x.shape[0], *samples.shape))

        column = chosen(self.before[outputs, :]) + moved  # (J, B, R)
        for layer, factor in self.activations:
            if factor is None:
                column = layer.forward(column)
            else:
                column = column * (chosen(factor.T[outputs, :]) if is_array(factor) else factor)
        base = chosen(self.base)[:, None, :, :]  # (C, 1, B, R)
        if self.next is None:  # the column is one of the scores
            rows = xp.where(self._own(outputs), column, base)
        else:
            column = column - chosen(self.after[outputs, :])
            rows = self.next.W.T[:, outputs, None, None] * column  # (C, J, B, R)
            rows += base
        scores = xp.permute_dims(rows, (1, 2, 3, 0))

        def rows_of(x: Array) -> Array:  # (N, C) -> (B, R, C)
            return xp.permute_dims(chosen(x.T), (1, 2, 0))

        for layer, factor in self.rest:
            if factor is None:
                flat_scores = layer.forward(xp.reshape(scores, (-1, scores.shape[-1])))
                scores = xp.reshape(flat_scores, (*column.shape, -1))
            else:
                scores = scores * (rows_of(factor) if is_array(factor) else factor)
        targets = rows_of(self.tail.targets)
        before = xp.reshape(xp.take(self.tail.losses, flat, axis=0), samples.shape)
        losses = self.tail.last.sample_losses(scores, targets) - before
        return xp.sum(losses, axis=2) / self.tail.losses.shape[0]

    def _own(self, outputs: slice) -> Array:
        """Return a mask of the perturbed column among all, shape (M, J, 1, 1)."""
        xp = namespace(self.base)
        index = default_dtype(self.base, "indexing")
        columns = xp.arange(self.width, dtype=index, device=backends.device(self.base))
        return (columns[:, None] == columns[None, outputs])[:, :, None, None]


def _with_factors(tail: Tail, start: int, stop: int) -> list[tuple[Any, Any]]:
    """Return layers, each with what it multiplies its input by, if that is all it does.

    Without those that make rows of pictures: here all are rows.
    """
    both = zip(tail.layers[start:stop], tail.factors[start:stop], strict=True)
    return [(layer, factor) for layer, factor in both if not isinstance(layer, Flatten)]
