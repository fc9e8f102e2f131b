"""From perturbed filters of a Convolution to the losses: one channel changes, until channels meet.

Adding h to W[f, c, i, j] adds h times the pixels that (c, i, j) of the window sees to channel f of
the output and changes no other channel; adding h to b[f] is the same with pixels that are always 1.
Activations, pooling and masks keep that to the channel. The next Convolution or Affine layer adds
what its weights of this channel make of the change; from there on whole samples are evaluated, many
perturbations stacked into one batch.

Shapes: N samples, F filters, D = C FH FW + 1 inputs of a filter, the 1 for the bias, K of them
perturbed at a time.
"""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import backends
from backends import Array, namespace
from backprop.arrays import float_bits, is_array
from backprop.numerical.sharing import Share
from backprop.numerical.tail import Tail, is_affine, joins_channels

_TEMPORARIES = 4  # arrays of the size of the largest layer's that a chunk holds at a time


class Chunk(NamedTuple):
    """A filter, and which of its inputs are perturbed at a time."""

    filter: int
    inputs: range


class Channel:
    """The way of one changed channel from a Convolution to the losses."""

    def __init__(self, tail: Tail, position: int) -> None:
        self.tail, self.position = tail, position
        self.layer = tail.layers[position]
        later = range(position + 1, len(tail.layers))
        self.meets = next(i for i in later if joins_channels(tail.layers[i]))
        self.filters, self.inputs = self.layer.W.shape[0], math.prod(self.layer.W.shape[1:]) + 1
        x = self.layer.window.padded(tail.inputs[position])
        places = self.layer.window.places(tail.inputs[position].shape)
        self._seen = [
            x[where][:, c, ...]
            for c in range(x.shape[1])
            for where in self.layer.window.slices(*places)
        ]
        self._seen.append(namespace(x).ones_like(self._seen[0]))

    def chunks(self, memory: int) -> Iterator[Chunk]:
        """Yield what to perturb at a time, to stay within `memory`."""
        y = self.tail.inputs[self.position + 1]
        itemsize = float_bits(namespace(y), y.dtype) // 8
        of_channel = math.prod(y.shape) // self.filters
        largest = max(of_channel, *(math.prod(x.shape) for x in self.tail.inputs[self.meets + 1 :]))
        count = max(1, memory // (largest * itemsize * _TEMPORARIES))
        for f in range(self.filters):
            for start in range(0, self.inputs, count):
                yield Chunk(f, range(start, min(start + count, self.inputs)))

    def change(self, chunk: Chunk, offset: float) -> Array:
        """Return the loss's changes for `offset` added to each of the weights, shape (K,)."""
        tail, f, count = self.tail, chunk.filter, len(chunk.inputs)
        base = tail.inputs[self.position + 1]
        xp = namespace(base)
        moved = xp.stack([offset * self._seen[d] for d in chunk.inputs])  # (K, N, OH, OW)
        y = xp.reshape(moved + base[:, f, ...], (-1, 1, *base.shape[2:]))
        for i in range(self.position + 1, self.meets):
            y = self._after(i, y, f)
        y = self._together(y - self._own(tail.inputs[self.meets], y, f, count), f, count)
        for i in range(self.meets + 1, len(tail.layers)):
            factor = tail.factors[i]
            y = tail.layers[i].forward(y) if factor is None else _times(y, factor)
        scores = xp.reshape(y, (count, *tail.targets.shape))
        losses = tail.last.sample_losses(scores, tail.targets) - tail.losses
        return xp.sum(losses, axis=1) / tail.losses.shape[0]

    def _after(self, i: int, y: Array, f: int) -> Array:
        """Return the channel (K N, 1, H, W) after a layer that keeps channels apart."""
        factor = self.tail.factors[i]
        if factor is None:
            after = self.tail.layers[i].forward(y)
            return after if after.ndim == 4 else y  # it makes rows of what are pictures here
        return _times(y, self._channel(factor, y, f) if is_array(factor) else factor)

    def _channel(self, x: Array, y: Array, f: int) -> Array:
        """Return channel f of pictures, or of rows of them: (N, 1, H, W), with those of `y`."""
        pictures = namespace(x).reshape(x, (x.shape[0], self.filters, *y.shape[2:]))
        return pictures[:, f : f + 1, ...]

    def _own(self, x: Array, y: Array, f: int, count: int) -> Array:
        """Return channel f as it was before, once for each perturbation, in the shape of `y`."""
        xp, own = namespace(x), self._channel(x, y, f)
        return xp.reshape(xp.broadcast_to(own, (count, *own.shape)), y.shape)

    def _together(self, change: Array, f: int, count: int) -> Array:
        """Return what comes out where channels meet, for a change of one of them."""
        xp, layer = namespace(change), self.tail.layers[self.meets]
        before = self.tail.inputs[self.meets + 1]
        if is_affine(layer):
            size = math.prod(change.shape[2:])
            added = xp.reshape(change, (-1, size)) @ layer.W[f * size : (f + 1) * size, :]
        else:
            rows = xp.reshape(layer.W[:, f, ...], (layer.W.shape[0], -1))
            added = rows @ layer.window.columns(change)
        after = xp.reshape(added, (count, *before.shape)) + before
        return xp.reshape(after, (-1, *before.shape[1:]))


def _times(y: Array, factor: Any) -> Array:
    """Return `y` of shape (K N, ...) times a factor for each sample, or a number."""
    if not is_array(factor):
        return y * factor
    xp = namespace(y)
    return xp.reshape(xp.reshape(y, (-1, *factor.shape)) * factor, y.shape)


def filter_changes(
    tail: Tail, position: int, offsets: tuple[float, ...], memory: int, share: Share
) -> dict[str, Array]:
    """Return the changes for W, shape (O, F, C, FH, FW), and b, shape (O, F), for O offsets."""
    channel = Channel(tail, position)
    chunks = list(channel.chunks(memory))
    start, stop = share(len(chunks))
    W, like = channel.layer.W, tail.losses
    xp, device = namespace(like), backends.device(like)

    def changes(i: int, chunk: Chunk, offset: float) -> Array:
        if start <= i < stop:
            return channel.change(chunk, offset)
        return xp.zeros((len(chunk.inputs),), dtype=like.dtype, device=device)

    made = [
        xp.concat([changes(i, chunk, offset) for i, chunk in enumerate(chunks)])
        for offset in offsets
    ]
    found = xp.reshape(xp.stack(made), (len(offsets), channel.filters, channel.inputs))
    return {
        "W": xp.reshape(found[:, :, :-1], (len(offsets), *W.shape)),
        "b": found[:, :, -1],
    }
