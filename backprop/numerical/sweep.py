"""The sweep over a network's parameters: forward passes of no more than a perturbation reaches.

A perturbed parameter changes nothing before its layer. In an Affine layer y = x @ W + b, adding
h to W[i, j] adds h x[:, i] to column j and changes no other column; adding h to b[j] is the same
with an input that is always 1. An activation keeps that to the column, and the next Affine layer
adds the column's change times one row of its weights. From there on whole rows are evaluated, many
perturbations stacked into one batch. A filter of a Convolution changes one channel (`channel`).
Layers that are not known, and what mixes the samples, are evaluated whole. A sample whose input is
0 is not reached at all: most pixels of a digit. No formula of a derivative is used anywhere.

Shapes: N samples, D inputs and M outputs of the perturbed layer, B and J the inputs and outputs
whose weights are perturbed at a time, R samples that they reach, C features of what comes later.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

import backends
from backends import Array, Backend, namespace
from backprop.arguments import whole
from backprop.numerical.channel import filter_changes
from backprop.numerical.column import Active, Block, Column
from backprop.numerical.perturb import Place, at_entries
from backprop.numerical.sharing import Share, alone
from backprop.numerical.tail import Tail

_HOST_MEMORY = 1 << 22  # what stays in a processor's cache
_DEVICE_MEMORY = 1 << 27


class Layered(Protocol):
    """A network, as far as the sweep knows it."""

    @property
    def layers(self) -> Mapping[str, Any]:
        """The layers by name, in order."""

    @property
    def params(self) -> Mapping[str, Array]:
        """The parameters by name; an assignment reaches the layer."""

    backend: Backend | None


def check_options(method: str, memory: int | None) -> None:
    """Raise a ValueError unless a network's gradient can be evaluated in such a way."""
    if method not in ("fast", "elementwise"):
        raise ValueError(f"`method` must be 'fast' or 'elementwise'; got {method!r}")
    if memory is not None:
        whole("memory", memory)


def changes(
    net: Layered,
    loss: Callable[[], Array],
    tail: Tail | None,
    offsets: tuple[float, ...],
    memory: int | None = None,
    share: Share = alone,
) -> dict[str, Array]:
    """Return how the loss changes when one parameter does, for each one and each offset.

    Parameters
    ----------
    net : Layered
        Its layers' caches are overwritten: give a copy.
    loss : callable
        The loss of `net`, evaluated anew.
    tail : Tail or None
        The layers with their values, to re-evaluate only what is reached; None for the plain loop.
    offsets : tuple of float
        What is added to a parameter.
    memory : int, optional
        Bytes for a chunk.
    share : callable
        Which of so many evaluations, in order, are made here; the changes of the others are 0.

    Returns
    -------
    dict of str to array, shape (len(offsets), *parameter.shape)
    """
    if memory is None:
        on_host = net.backend is None or net.backend.is_host
        memory = _HOST_MEMORY if on_host else _DEVICE_MEMORY
    base = loss()
    each: dict[str, Array] = {}
    for layer, names in _by_layer(net):
        found = None if tail is None else _reached(tail, layer, offsets, memory, share)
        if found is not None:
            each |= {name: found[key] for key, name in names.items()}
        else:
            each |= {n: _one_by_one(net, n, loss, offsets, base, share) for n in names.values()}
    return {name: each[name] for name in net.params}


def _by_layer(net: Layered) -> Iterator[tuple[Any, dict[str, str]]]:
    """Yield each layer that learns, with the network's names of its parameters by their keys."""
    for layer in net.layers.values():
        own = getattr(layer, "params", None) or {}
        names = {
            key: name
            for key, array in own.items()
            for name, value in net.params.items()
            if value is array
        }
        if names:
            yield layer, names


def _one_by_one(
    net: Layered,
    name: str,
    loss: Callable[[], Array],
    offsets: tuple[float, ...],
    base: Array,
    share: Share,
) -> Array:
    """Return the changes for one parameter array by whole forward passes, entry by entry."""
    xp, own = namespace(base), net.params[name]
    moves = [(i, offset) for offset in offsets for i in range(math.prod(own.shape))]
    start, stop = share(len(moves))
    losses, _ = at_entries(Place(net.params, name), moves[start:stop], loss)
    found = [*[base] * start, *losses, *[base] * (len(moves) - stop)]
    return xp.reshape(xp.stack(found) - base, (len(offsets), *own.shape))


def _reached(
    tail: Tail, layer: Any, offsets: tuple[float, ...], memory: int, share: Share
) -> dict[str, Array] | None:
    """Return the changes by key, by what is reached alone; None where a layer is not known."""
    position = tail.of_affine(layer)
    if position is not None:
        return _affine_changes(tail, position, offsets, memory, share)
    position = tail.of_convolution(layer)
    if position is not None:
        return filter_changes(tail, position, offsets, memory, share)
    return None


def _affine_changes(
    tail: Tail, position: int, offsets: tuple[float, ...], memory: int, share: Share
) -> dict[str, Array]:
    """Return the changes for W, shape (O, D, M), and b, shape (O, M), for O offsets."""
    column = Column(tail, position)
    active = Active(tail.inputs[position])
    blocks = list(column.blocks(active.counts, memory))
    own = share(len(blocks))
    changes = [_changes(column, active, blocks, offset, own) for offset in offsets]
    stacked = namespace(active.x).stack(changes)
    return {"W": stacked[:, :-1, :], "b": stacked[:, -1, :]}


def _changes(
    column: Column, active: Active, blocks: list[Block], offset: float, own: tuple[int, int]
) -> Array:
    """Return the changes for one offset, shape (D + 1, M); 0 for blocks that others evaluate."""
    x = active.x
    xp, device = namespace(x), backends.device(x)
    rows = []
    for i, (part, count, outputs) in enumerate(blocks):
        if not own[0] <= i < own[1]:
            empty = (part.stop - part.start, column.width)
            rows.append(xp.zeros(empty, dtype=x.dtype, device=device))
            continue
        moved, samples = x[part, :count] * offset, active.samples[part, :count]
        rows.append(xp.concat([column.change(moved, samples, j) for j in outputs], axis=0).T)
    zero = xp.zeros((1, column.width), dtype=x.dtype, device=device)
    return xp.take(xp.concat([*rows, zero], axis=0), active.rows, axis=0)
