"""One step of training: loss, gradients and optimizer; as they are, or compiled into one."""

from collections.abc import Callable, Sequence
from operator import getitem, setitem
from typing import Any, TypeAlias

import backends
from backends import Array
from backprop.networks import Network
from backprop.networks.architecture import describe
from backprop.networks.layer_summary import summary
from backprop.training.optimizer import Rule, Updater
from backprop.training.optimizers import OPTIMIZERS
from backprop.training.team import Team

Step: TypeAlias = Callable[[Array, Array], Array]
"""Takes inputs and labels of a batch, or a share of it, changes the network, returns the loss."""


def plain_step(net: Network, optimizer: Updater, team: Team) -> Step:
    """Return the step, operation by operation; the team brings gradients together."""

    def step(x: Array, t: Array) -> Array:
        loss, grads = net.loss_and_gradient(x, t)
        loss, grads = team.together(loss, grads)
        optimizer.update(net.params, grads)
        return loss

    return step


class Compiler:
    """Makes the step of a network and an optimizer, compiled by the array library.

    What was made is kept for the next call, unless the network or the optimizer has changed. The
    library traces it once for each shape of a batch. Where a library compiles nothing, it is the
    plain step.
    """

    def __init__(self) -> None:
        self._step: CompiledStep | None = None

    def __call__(self, net: Network, optimizer: Updater, team: Team) -> Step:
        """Return the step; what it starts from are copies of the network's arrays.

        Raises
        ------
        TypeError
            When a layer or the optimizer is none of the library's own: it could do what a trace
            does not hold, and nobody would see.
        """
        step = self.made(net, optimizer)
        return step.started() if step.compiles else plain_step(net, optimizer, team)

    def made(self, net: Network, optimizer: Updater) -> "CompiledStep":
        """Return what was made last, or make it anew; raises the same errors."""
        if self._step is None or self._step.made_for != fixed(net, optimizer):
            self._step = CompiledStep(net, optimizer)
        return self._step

    def __reduce__(self) -> tuple[type["Compiler"], tuple[()]]:
        return Compiler, ()  # a copy or a pickle compiles anew


def fixed(net: Network, optimizer: Any) -> Any:
    """Return what becomes a part of a compiled step: what is no array and no rate."""
    layers = [id(layer) for layer in (*net.layers.values(), net.last_layer)]
    try:
        description = describe(net)
    except TypeError as error:
        what = str(error).partition(": use ")[0].replace("to be described", "to be compiled")
        raise TypeError(what) from None
    return description, layers, id(optimizer), optimizer.settings()


class CompiledStep:
    """The step as one function of arrays: those of the network and the optimizer, and a batch.

    Learning rates are arguments too, so that a schedule goes on; running statistics come back as
    the parameters do. So are the masks of Dropout, drawn anew for each step.
    """

    def __init__(self, net: Network, optimizer: Any) -> None:
        if type(optimizer) not in OPTIMIZERS.values():
            raise TypeError(
                f"`optimizer` must be one of {', '.join(OPTIMIZERS)} to be compiled; got "
                f"{type(optimizer).__name__}"
            )
        self.made_for = fixed(net, optimizer)
        self.net, self.optimizer = net, optimizer
        self._backend = net.backend or backends.host()
        self._compiled = self._backend.compile(self._traced, nested=False)
        self.compiles = self._compiled != self._traced
        self._holders: list[dict[str, Array]] = []  # where the arrays are, and their keys there
        self._keys: list[str] = []
        self._masked: dict[tuple[int, ...], list[tuple[int, ...]]] = {}  # by a sample's shape

    def started(self) -> Step:
        """Return the step, for which whatever arrays there are now are copied.

        Their memory is given to the next ones, and somebody else may hold them.
        """
        rule: Rule = self.optimizer
        if self.compiles:
            self.net.exclusive.donate()
        rule.prepare(self.net.params)
        slots = self.net.slots.values()
        self._holders = [getattr(slot.layer, slot.kind) for slot in slots]
        self._holders += [rule.vectors] * len(rule.vectors)
        self._keys = [*(slot.key for slot in slots), *rule.vectors]
        xp, device = self._backend.xp, self._backend.device
        self._put([xp.asarray(x, device=device, copy=True) for x in self._held()])
        return self._taker(rule)

    def _taker(self, rule: Rule) -> Step:
        """Return the function that takes a step.

        Its names are local: it is called anew as soon as the step before has ended, when all caches
        hold that step's arrays, and each object it looks at has to be fetched from memory.
        """
        compiled, random = self._compiled, self.net.random
        holders, keys = self._holders, self._keys
        remembers = bool(rule.remembers)  # its rates may be others at each step
        lr: float | None = None
        rates: tuple[float, float] | None = None
        sent: Array = None

        def take(x: Array, t: Array) -> Array:
            nonlocal lr, rates, sent
            if remembers or rule.lr is not lr:
                if rates != (now := rule.rates()):
                    rates, sent = now, self._send(now)
                lr = rule.lr if isinstance(rule.lr, float) else None
            masks = self._masks(tuple(x.shape)) if random else ()
            loss, held = compiled(tuple(map(getitem, holders, keys)), x, t, sent, masks)
            try:
                list(map(setitem, holders, keys, held))  # a loop would take longer
            except KeyboardInterrupt:  # what was there before is gone
                self._put(held)
                raise
            rule.steps += 1
            for layer in random:
                layer.advance()
            return loss

        return take

    def _masks(self, size: tuple[int, ...]) -> tuple[Array, ...]:
        """Return the masks of all Dropouts for inputs of a size, drawn anew."""
        of_sample = size[1:]
        if of_sample not in self._masked:
            outputs = {row.name: row.output for row in summary(self.net, of_sample).rows}
            named = self.net.layers.items()
            self._masked[of_sample] = [outputs[k] for k, layer in named if layer in self.net.random]
        layers = zip(self.net.random, self._masked[of_sample], strict=True)
        return tuple(self._backend.asarray(layer.draw((size[0], *own))) for layer, own in layers)

    def _send(self, rates: tuple[float, float]) -> Array:
        """Return rates as an array where the network is: numbers would be sent with every step."""
        return self._backend.asarray(list(rates), self.net.dtype)

    def _held(self) -> tuple[Array, ...]:
        return tuple(map(getitem, self._holders, self._keys))

    def _put(self, arrays: Sequence[Array]) -> None:
        list(map(setitem, self._holders, self._keys, arrays))

    def _traced(
        self, held: tuple[Array, ...], x: Array, t: Array, rates: Array, masks: tuple[Array, ...]
    ) -> tuple[Array, tuple[Array, ...]]:
        """Return the loss and the new arrays; network and optimizer are as before afterwards."""
        before, steps = self._held(), self.optimizer.steps
        try:
            self._put(held)
            for layer, mask in zip(self.net.random, masks, strict=True):
                layer.given = mask
            loss, grads = self.net.loss_and_gradient(x, t)
            self.optimizer.apply(self.net.params, grads, (rates[0, ...], rates[1, ...]))
            return loss, self._held()
        finally:
            self._put(before)
            self.optimizer.steps = steps
            for layer in self.net.random:
                layer.given = None
            for layer in self.net.layers.values():
                layer.grads.clear()  # what is traced has no meaning later
