"""The numerical gradient of a network, fast: forward passes of what a perturbation reaches.

A perturbed parameter changes nothing before its layer. In an Affine layer y = x @ W + b, adding
h to W[i, j] adds h x[:, i] to column j and changes no other column; adding h to b[j] is the same
with an input that is always 1. An activation keeps that to the column, and the next Affine layer
adds the column's change times one row of its weights. From there on whole rows are evaluated, many
perturbations stacked into one batch. A sample whose input is 0 is not reached at all: most pixels
of a digit. No formula of a derivative is used anywhere.

Shapes: N samples, D inputs and M outputs of the perturbed layer, B and J the inputs and outputs
whose weights are perturbed at a time, R samples that they reach, C features of what comes later.
"""

import itertools
from collections.abc import Iterator
from typing import Any, TypeAlias

import backends
from backends import Array, namespace
from backprop import labels
from backprop.arrays import default_dtype
from backprop.gradients import steps
from backprop.layers.affine import Affine
from backprop.layers.loss import LossLayer

_Block: TypeAlias = tuple[slice, int, list[slice]]
"""Inputs to perturb at a time, how many samples they reach at most, and with which outputs."""

_HOST_MEMORY = 1 << 22  # what stays in a processor's cache
_DEVICE_MEMORY = 1 << 27
_TEMPORARIES = 4  # arrays of the size of the scores that a chunk holds at a time


def numerical_gradient(
    net: Any, x: Array, t: Array, step: float | None, method: str, memory: int | None
) -> dict[str, Array]:
    """Return the central differences of the loss; see `Network.numerical_gradient`."""
    steps.check_step(step)
    if method not in ("fast", "elementwise"):
        raise ValueError(f"`method` must be 'fast' or 'elementwise'; got {method!r}")
    if memory is not None and memory < 1:
        raise ValueError(f"`memory` must be 1 or more bytes; got {memory}")
    if not net.params:
        return {}
    wide = in_float64(net)
    step = steps.default_step(x, wide.dtype) if step is None else step
    changes = loss_changes(wide, x, t, (step, -step), memory, fast=method == "fast")
    gradient = {}
    for name, change in changes.items():
        xp, dtype = namespace(change), net.params[name].dtype
        gradient[name] = xp.astype((change[0, ...] - change[1, ...]) / (2 * step), dtype)
    return gradient


def in_float64(net: Any) -> Any:
    """Return a copy of the network, in float64 where its library and device have it."""
    try:
        return net.to(dtype=net.backend.dtype("float64"))
    except TypeError:
        return net.to()


def loss_changes(
    net: Any,
    x: Array,
    t: Array,
    offsets: tuple[float, ...],
    memory: int | None = None,
    fast: bool = True,
) -> dict[str, Array]:
    """Return how the loss changes when one parameter does, for each one and each offset.

    Parameters
    ----------
    net : Network
        Its layers' caches are overwritten: give a copy.
    x, t : array
        Inputs and labels.
    offsets : tuple of float
        What is added to a parameter.
    memory : int, optional
        Bytes for a chunk.
    fast : bool
        Re-evaluate only what is reached, where the layers are known.

    Returns
    -------
    dict of str to array, shape (len(offsets), *parameter.shape)
    """
    if memory is None:
        memory = _HOST_MEMORY if net.backend.is_host else _DEVICE_MEMORY
    if x.ndim == 1:
        x = namespace(x).reshape(x, (1, -1))
    base = net.loss(x, t)
    tail = _Tail(net, x, t) if fast and _is_known_loss(net.last_layer) else None
    learning = [layer for layer in net.layers.values() if getattr(layer, "params", None)]
    changes: dict[str, Array] = {}
    for number, layer in enumerate(learning, start=1):
        if tail is not None and tail.reaches(layer):
            found = tail.affine_changes(layer, offsets, memory)
        else:
            found = {
                key: _elementwise(net, f"{key}{number}", x, t, offsets, base)
                for key in layer.params
            }
        changes |= {f"{key}{number}": change for key, change in found.items()}
    return changes


def _elementwise(
    net: Any, name: str, x: Array, t: Array, offsets: tuple[float, ...], base: Array
) -> Array:
    """Return the changes for one parameter array by whole forward passes, entry by entry."""
    xp = namespace(base)
    original = net.params[name]
    writable = backends.is_writable(original)
    host = net.backend.to_numpy(original)
    losses = []
    for offset in offsets:
        for index in itertools.product(*map(range, host.shape)):
            value = host[index]
            if writable:
                original[index] = float(value + offset)
                losses.append(net.loss(x, t))
                original[index] = float(value)
            else:
                host[index] = value + offset
                net.params[name] = net.backend.asarray(host, original.dtype)
                losses.append(net.loss(x, t))
                host[index] = value
    net.params[name] = original
    return xp.reshape(xp.stack(losses) - base, (len(offsets), *original.shape))


def _is_affine(layer: Any) -> bool:
    return type(layer).forward is Affine.forward


def _is_known(layer: Any) -> bool:
    return _is_affine(layer) or getattr(layer, "elementwise", False)


def _is_known_loss(layer: Any) -> bool:
    return getattr(type(layer), "forward", None) is LossLayer.forward


class _Tail:
    """What lies behind each layer, with the outputs of one forward pass."""

    def __init__(self, net: Any, x: Array, t: Array) -> None:
        self.layers = list(net.layers.values())
        self.last = net.last_layer
        self.inputs = []
        x = net.backend.xp.astype(x, net.dtype)
        for layer in self.layers:
            self.inputs.append(x)
            x = layer.forward(x)
        scores = labels.batched(x)
        self.inputs.append(scores)
        self.targets = labels.targets(t, scores)
        self.losses = self.last.sample_losses(scores, self.targets)

    def reaches(self, layer: Any) -> bool:
        """Tell whether the layer is Affine, and so are or elementwise all behind it."""
        return _is_affine(layer) and all(map(_is_known, self.layers[self._position(layer) :]))

    def _position(self, layer: Any) -> int:
        return next(i for i, other in enumerate(self.layers) if other is layer)

    def affine_changes(
        self, layer: Affine, offsets: tuple[float, ...], memory: int
    ) -> dict[str, Array]:
        """Return the changes for W, shape (O, D, M), and b, shape (O, M), for O offsets."""
        position = self._position(layer)
        column = _Column(self, position, layer.b.shape[0])
        reached = _Reached(self.inputs[position])
        blocks = list(column.blocks(reached.counts, memory))
        changes = [self._changes(column, reached, blocks, offset) for offset in offsets]
        stacked = namespace(layer.b).stack(changes)
        return {"W": stacked[:, :-1, :], "b": stacked[:, -1, :]}

    def _changes(
        self, column: "_Column", reached: "_Reached", blocks: list[_Block], offset: float
    ) -> Array:
        """Return the changes for one offset, shape (D + 1, M)."""
        x = reached.x
        xp = namespace(x)
        rows = []
        for part, count, outputs in blocks:
            moved, samples = x[part, :count] * offset, reached.samples[part, :count]
            rows.append(xp.concat([column.change(moved, samples, j) for j in outputs], axis=0).T)
        zero = xp.zeros((1, column.width), dtype=x.dtype, device=backends.device(x))
        return xp.take(xp.concat([*rows, zero], axis=0), reached.rows, axis=0)


class _Reached:
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


class _Column:
    """The way of one changed column from an Affine layer to the losses."""

    def __init__(self, tail: _Tail, position: int, width: int) -> None:
        self.tail = tail
        self.width = width  # M
        end = position + 1
        while end < len(tail.layers) and not _is_affine(tail.layers[end]):
            end += 1
        self.activations = tail.layers[position + 1 : end]
        self.next = tail.layers[end] if end < len(tail.layers) else None
        self.rest = tail.layers[end + 1 :]
        self.before = tail.inputs[position + 1].T  # (M, N)
        self.after = tail.inputs[end].T  # (M, N)
        self.base = self.after if self.next is None else tail.inputs[end + 1].T  # (C, N)

    def blocks(self, counts: list[int], memory: int) -> Iterator[_Block]:
        """Yield what to perturb at a time, to stay within `memory`."""
        widths = [layer.W.shape[1] for layer in self.rest if _is_affine(layer)]
        itemsize = namespace(self.base).finfo(self.base.dtype).bits // 8
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
        for layer in self.activations:
            column = layer.forward(column)
        base = chosen(self.base)[:, None, :, :]  # (C, 1, B, R)
        if self.next is None:  # the column is one of the scores
            rows = xp.where(self._own(outputs), column, base)
        else:
            column = column - chosen(self.after[outputs, :])
            rows = self.next.W.T[:, outputs, None, None] * column  # (C, J, B, R)
            rows += base
        scores = xp.permute_dims(rows, (1, 2, 3, 0))
        for layer in self.rest:
            flat_scores = layer.forward(xp.reshape(scores, (-1, scores.shape[-1])))
            scores = xp.reshape(flat_scores, (*column.shape, -1))
        targets = xp.permute_dims(chosen(self.tail.targets.T), (1, 2, 0))  # (B, R, C)
        before = xp.reshape(xp.take(self.tail.losses, flat, axis=0), samples.shape)
        losses = self.tail.last.sample_losses(scores, targets) - before
        return xp.sum(losses, axis=2) / self.tail.losses.shape[0]

    def _own(self, outputs: slice) -> Array:
        """Return a mask of the perturbed column among all, shape (M, J, 1, 1)."""
        xp = namespace(self.base)
        index = default_dtype(self.base, "indexing")
        columns = xp.arange(self.width, dtype=index, device=backends.device(self.base))
        return (columns[:, None] == columns[None, outputs])[:, :, None, None]
