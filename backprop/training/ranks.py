"""Several processes that train one network, each on its share of every batch."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import array_api_extra as xpx

import backends
from backends import Array, namespace
from backprop.arrays import as_array, copy_of
from backprop.finite import NotFiniteError
from backprop.parallel import Communicator, share_of
from backprop.training.data import Share
from backprop.training.team import Grads, Training
from backprop.training.tree import copied_tree
from backprop.training.vector import parts, shapes_of

_LOSS = "loss of the batch"


class Ranks:
    """The processes of a communicator, as one of them: a `Team`.

    A step has one Allreduce: of gradients, floating state such as running means, the loss, and
    whether anybody is asked to end, in one vector. Each process counts by its number of samples.

    Parameters
    ----------
    communicator : Communicator
        The processes.
    """

    def __init__(self, communicator: Communicator) -> None:
        self._communicator = communicator
        self.leads, self.size = communicator.rank == 0, communicator.size
        self.cores: int | None = getattr(communicator, "cores", None)
        self._asked = self._ends = False
        self._weight = 1.0
        self._net: Any = None
        self._drawing: list[Any] = []

    def begin(self, training: Training, counts: Mapping[str, int | None]) -> None:
        """Let all of them begin with what the first one has, parameters and places of generators.

        Raises
        ------
        ValueError
            When other counts, or another network, are here than there.
        """
        host = backends.host()
        mine = copied_tree(training.state_dict(), host) if self.leads else None
        first, state = self._communicator.from_first((counts, mine))
        for name, count in counts.items():
            if count != first[name]:
                raise ValueError(
                    f"all processes must train alike; process 0 has {_said(first[name])} {name}, "
                    f"and process {self._communicator.rank} has {_said(count)}"
                )
        if not self.leads:
            training.load_state_dict(state)
        self._net = training.net
        self._drawing = [
            each
            for each in (*getattr(training.net, "random", ()), training.augment)
            if hasattr(each, "rows")
        ]
        self._asked = self._ends = False

    def shares(self, order: Iterable[Array]) -> Iterator[Share]:
        """Yield a share of each batch; where there is none, the first sample, that counts 0."""
        for index in order:
            count = int(index.shape[0])
            start, stop = share_of(self._communicator, count)
            if start == stop:
                yield Share(index[:1], 0, count, 0.0)
            else:
                yield Share(index[start:stop], start, count, (stop - start) / count)

    def tell(self, share: Share) -> None:
        """Let masks and moves be the rows of those that one process would draw for the batch."""
        self._weight = share.weight
        for each in self._drawing:
            each.rows = share.first, share.of

    def together(self, loss: Array, grads: Grads) -> tuple[Array, Grads]:
        """Return loss and gradients of the batch, and put its state into the network."""
        for each in self._drawing:
            each.rows = None
        dtype = self._net.dtype
        slots = {
            name: slot
            for name, slot in getattr(self._net, "slots", {}).items()
            if slot.kind == "state" and slot.get().dtype == dtype
        }
        arrays = {**grads, **{name: slot.get() for name, slot in slots.items()}, _LOSS: loss}
        sums = self._communicator.total(self._vector(arrays, self._weight))
        self._ends = bool(sums[-1] > 0)
        found = dict(parts(sums, shapes_of(arrays)))
        for name, slot in slots.items():
            slot.set(copy_of(found[name]))
        return copy_of(found[_LOSS]), {name: found[name] for name in grads}

    def _vector(self, arrays: dict[str, Array], weight: float) -> Array:
        """Return the arrays times their weight as one vector, and whether this one shall end."""
        like = self._net.params[next(iter(self._net.params))]
        xp, backend = namespace(like), backends.of(like)
        flat = [
            xp.reshape(xp.astype(x, like.dtype, copy=False), (-1,))
            for x in map(as_array, arrays.values())
        ]
        asked = xp.full((1,), float(self._asked), dtype=like.dtype, device=backend.device)
        return xpx.at(xp.concat([*flat, asked]), slice(0, -1)).multiply(weight)

    def stops(self, asked: bool) -> bool:
        """Tell whether anybody was asked before this step; who is asked now says so in the next."""
        self._asked = self._asked or asked
        return self._ends

    def any(self, asked: bool) -> bool:
        """Tell whether anybody is asked to end."""
        return self._sums(float(asked or self._asked))[0] > 0

    def accuracy(self, measure: Callable[[int, int], float], samples: int) -> float:
        """Measure a share, and return the accuracy on all.

        Raises
        ------
        NotFiniteError
            In all of them, where one of them raises it.
        """
        start, stop = share_of(self._communicator, samples)
        right, problem = 0.0, None
        try:
            right = measure(start, stop) * (stop - start) if stop > start else 0.0
        except NotFiniteError as error:
            problem = error
        right, problems = self._sums(right, float(problem is not None))
        if problems:
            raise problem or NotFiniteError(
                "scores must be finite; those of another process aren't"
            )
        return right / samples

    def end(self) -> None:
        """Wait for the others."""
        self._sums(0.0)

    def leave(self) -> None:
        """Tell the communicator, if it asks for that, that this process ends before the others."""
        getattr(self._communicator, "leave", lambda: None)()

    def _sums(self, *numbers: float) -> list[float]:
        vector = backends.host().asarray(numbers, "float64")
        return [float(each) for each in self._communicator.total(vector)]


def _said(count: int | None) -> str:
    return "no" if count is None else f"{count:,}" if isinstance(count, int) else repr(count)
