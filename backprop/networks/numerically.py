"""A network's gradient by differences of its loss: what `numerical` is asked, for which copy."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from backends import Array, namespace
from backprop.layers.loss import is_known_loss
from backprop.networks import decay
from backprop.networks.checks import check_own
from backprop.networks.moment import repeatable
from backprop.numerical import steps, sweep
from backprop.numerical.sharing import check_alike, put_together
from backprop.numerical.tail import Tail
from backprop.parallel import Communicator, share_of


def gradient(
    net: Any,
    x: Array,
    t: Array,
    step: float | None,
    training: bool,
    method: str,
    memory: int | None,
    communicator: Communicator | None,
) -> dict[str, Array]:
    """Return `Network.numerical_gradient`."""
    steps.check_step(step)
    sweep.check_options(method, memory)
    if net.dtype is None or net.backend is None:
        return {}
    wide = net.to(dtype=net.backend.widest)
    for layer in wide.random:
        layer.go_back()  # to the mask of the last gradient, to be compared with it
    net.backend.require(x, "x")
    h = steps.default_step(x, wide.dtype) if step is None else step
    changes = wide.loss_changes(
        x,
        t,
        (h, -h),
        training=training,
        fast=method == "fast",
        memory=memory,
        communicator=communicator,
    )
    xp = net.backend.xp
    return {
        name: xp.astype((change[0, ...] - change[1, ...]) / (2 * h), net.dtype)
        for name, change in changes.items()
    }


def loss_changes(
    net: Any,
    x: Array,
    t: Array,
    offsets: tuple[float, ...],
    training: bool,
    fast: bool,
    memory: int | None,
    communicator: Communicator | None,
) -> dict[str, Array]:
    """Return `Network.loss_changes`."""
    check_own(net.params)  # a layer may have been given another since
    x = namespace(x).reshape(x, (1, -1)) if x.ndim == 1 else x
    passes = partial(net.training_loss if training else net.loss, x, t)
    loss = repeatable(passes, {**net.layers, "": net.last_layer}, net._slots)
    tail = None
    with _without_decay(net):
        if fast and is_known_loss(net.last_layer):
            modes = [{} if mode is None else {mode: training} for _, mode in net._runs]
            tail = Tail(net._order, modes, net.last_layer, net._input(x), net._labels(t))
        if communicator is None:
            changes = sweep.changes(net, loss, tail, offsets, memory)
        else:
            check_alike(communicator, {**net.params, "x": x, "t": net._labels(t)})
            own = partial(share_of, communicator)
            changes = put_together(
                sweep.changes(net, loss, tail, offsets, memory, own), communicator
            )
    if net.weight_decay_lambda:
        for name, change in decay.changes(net, offsets).items():
            changes[name] = changes[name] + change
    return changes


@contextmanager
def _without_decay(net: Any) -> Iterator[None]:
    """Leave out the penalty, which the sweep knows nothing of."""
    rate, net.weight_decay_lambda = net.weight_decay_lambda, 0.0
    try:
        yield
    finally:
        net.weight_decay_lambda = rate
