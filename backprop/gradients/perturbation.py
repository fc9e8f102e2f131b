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
from collections.abc import Callable
from typing import Any

import backends
from backends import Array, namespace
from backprop import labels
from backprop.gradients import steps
from backprop.gradients.column import Block, Column, Reached, is_affine
from backprop.layers.affine import Affine
from backprop.layers.elementwise import is_elementwise
from backprop.layers.layer import training_argument
from backprop.layers.loss import LossLayer
from backprop.networks.network import Network

_HOST_MEMORY = 1 << 22  # what stays in a processor's cache
_DEVICE_MEMORY = 1 << 27


def numerical_gradient(
    net: Any,
    x: Array,
    t: Array,
    step: float | None,
    training: bool,
    method: str,
    memory: int | None,
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
    fast = method == "fast"
    changes = loss_changes(wide, x, t, (step, -step), memory, fast, training)
    gradient = {}
    for name, change in changes.items():
        xp, dtype = namespace(change), net.params[name].dtype
        gradient[name] = xp.astype((change[0, ...] - change[1, ...]) / (2 * step), dtype)
    return gradient


def in_float64(net: Any) -> Any:
    """Return a copy of the network, in float64 where its library and device have it."""
    return net.to(dtype=net.backend.widest)


def loss_changes(
    net: Any,
    x: Array,
    t: Array,
    offsets: tuple[float, ...],
    memory: int | None = None,
    fast: bool = True,
    training: bool = True,
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
    training : bool
        Whether layers that behave differently in training do so.

    Returns
    -------
    dict of str to array, shape (len(offsets), *parameter.shape)
    """
    if memory is None:
        memory = _HOST_MEMORY if net.backend.is_host else _DEVICE_MEMORY
    if x.ndim == 1:
        x = namespace(x).reshape(x, (1, -1))

    def loss() -> Array:
        return net.training_loss(x, t) if training else net.loss(x, t)

    base = loss()
    known = _inherits(net, Network, "predict", "loss") and _is_known_loss(net.last_layer)
    tail = _Tail(net, x, t, training) if fast and known else None
    known_changes: dict[int, dict[str, Array]] = {}
    changes: dict[str, Array] = {}
    for name, (layer, _, key) in net.params.places.items():
        if tail is not None and tail.reaches(layer):
            if id(layer) not in known_changes:
                known_changes[id(layer)] = tail.affine_changes(layer, offsets, memory)
            changes[name] = known_changes[id(layer)][key]
        else:
            changes[name] = _elementwise(net, name, loss, offsets, base)
    return changes


def _elementwise(
    net: Any, name: str, loss: Callable[[], Array], offsets: tuple[float, ...], base: Array
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
                losses.append(loss())
                original[index] = float(value)
            else:
                host[index] = value + offset
                net.params[name] = net.backend.asarray(host, original.dtype)
                losses.append(loss())
                host[index] = value
    net.params[name] = original
    return xp.reshape(xp.stack(losses) - base, (len(offsets), *original.shape))


def _is_known(layer: Any) -> bool:
    return is_affine(layer) or is_elementwise(layer)


def _is_known_loss(layer: Any) -> bool:
    return isinstance(layer, LossLayer) and _inherits(layer, LossLayer, "forward", "sample_losses")


def _inherits(obj: Any, base: type, *methods: str) -> bool:
    """Tell whether an object's methods are those of a base class."""
    own = vars(obj)
    return all(getattr(type(obj), m) is getattr(base, m) and m not in own for m in methods)


class _Tail:
    """What lies behind each layer, with the outputs of one forward pass."""

    def __init__(self, net: Any, x: Array, t: Array, training: bool) -> None:
        self.layers = list(net.layers.values())
        self.last = net.last_layer
        self.inputs = []
        x = net.backend.xp.astype(x, net.dtype)
        for layer in self.layers:
            self.inputs.append(x)
            mode = training_argument(layer.forward)
            x = layer.forward(x) if mode is None else layer.forward(x, **{mode: training})
        scores = labels.batched(x)
        self.inputs.append(scores)
        self.targets = labels.targets(t, scores)
        self.losses = self.last.sample_losses(scores, self.targets)

    def reaches(self, layer: Any) -> bool:
        """Tell whether the layer is Affine, and so are or elementwise all behind it."""
        return is_affine(layer) and all(map(_is_known, self.layers[self._position(layer) :]))

    def _position(self, layer: Any) -> int:
        return next(i for i, other in enumerate(self.layers) if other is layer)

    def affine_changes(
        self, layer: Affine, offsets: tuple[float, ...], memory: int
    ) -> dict[str, Array]:
        """Return the changes for W, shape (O, D, M), and b, shape (O, M), for O offsets."""
        position = self._position(layer)
        column = Column(self, position, layer.b.shape[0])
        reached = Reached(self.inputs[position])
        blocks = list(column.blocks(reached.counts, memory))
        changes = [self._changes(column, reached, blocks, offset) for offset in offsets]
        stacked = namespace(layer.b).stack(changes)
        return {"W": stacked[:, :-1, :], "b": stacked[:, -1, :]}

    def _changes(
        self, column: Column, reached: Reached, blocks: list[Block], offset: float
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
