"""The forward and backward passes of a target, each from the same state."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

import backends
from backends import namespace
from backprop.arrays import widened
from backprop.numerical.pieces import fingerprint, flat64, largest
from backprop.targets.calls import Calls
from backprop.targets.nested import is_real, leaves, of_numbers, rebuilt
from backprop.targets.objects import is_known_array
from backprop.targets.paths import floating_arrays
from backprop.targets.reach import reachable
from backprop.targets.state import State, watched_like
from backprop.targets.views import is_view
from backprop.targets.weighing import Weighing, cotangent

T = TypeVar("T")

_NEAR = 1e-2  # of its terms: how near φ stays to itself in another dtype


@dataclass
class Seen:
    """What passes did that they must not."""

    dout_changed: bool = False
    outputs_differ: bool = False


class Passes:
    """A target's passes over given inputs, from a state that is put back after each.

    φ = Σ v y, with a random cotangent v for each output y; where the backward pass takes no
    derivative by the output, the sum of the outputs.

    Parameters
    ----------
    calls : Calls
        The target.
    inputs : list
        Copies of the inputs, of which the checker changes entries.
    rng : numpy.random.Generator
        Draws the cotangents.
    """

    def __init__(self, calls: Calls, inputs: list[Any], rng: np.random.Generator) -> None:
        self.calls, self.inputs = calls, inputs
        self.seen = Seen()
        self.begin = self.base = State(*calls.roots, inputs)
        self._dirty = self.base.changed()
        try:
            self._begin_with(rng)
        except BaseException:
            self.end()
            raise

    def _begin_with(self, rng: np.random.Generator) -> None:
        calls = self.calls
        y = calls.forward(self.inputs)[0]
        real = [leaf for _, leaf in leaves(y) if is_real(leaf)]
        if not real:
            what = ", ".join(_kind(leaf) for _, leaf in leaves(y)) or type(y).__name__
            raise TypeError(f"forward must return one floating array or more; got {what}")
        weighted = calls.takes_dout or calls.elementwise
        self.weighing = Weighing(rebuilt(y, lambda leaf: cotangent(leaf, rng, weighted)))
        self._first = marks(y)
        self._learn_forward()

    def _learn_forward(self) -> None:
        """See what a forward pass changes, and whether a second one could tell the difference."""
        self._forward = self.base.changed()
        again = marks(self.calls.forward(self.inputs)[0])
        self._free = again == self._first and self._forward.only_caches()
        self.note_changes()

    def note_changes(self) -> None:
        """Put the state back after a pass, and remember what the pass had changed."""
        self._dirty.also(self.base.changed())
        self._dirty.restore()

    def start_from(self, base: State) -> None:
        """Let every pass start from another state."""
        self.base, self._dirty = base, base.changed()
        self._first = marks(self.calls.forward(self.inputs)[0])
        self._learn_forward()

    @property
    def dout_size(self) -> float:
        """The largest entry of the cotangents."""
        sizes = [largest(v) for _, v in leaves(self.weighing.cotangents) if v is not None]
        return max(sizes, default=1.0)

    def phi(self) -> Any:
        """Return φ, a 0-d array or a float."""
        try:
            return self.weighing.sum(self.calls.forward(self.inputs)[0])
        finally:
            if not self._free:
                self._forward.restore()

    def scale(self) -> float:
        """Return Σ |v y|: what φ is rounded like."""
        return self.forward(lambda y: float(flat64(self.weighing.size(y))[0]))

    def forward(self, read: Callable[[Any], T]) -> T:
        """Run a forward pass, and return what `read` makes of the outputs."""
        try:
            return read(self.calls.forward(self.inputs)[0])
        finally:
            self._dirty.restore()

    def backward(self, read: Callable[[Any], T], factor: float = 1.0) -> T:
        """Run both passes, and return what `read` makes of what the backward pass returned.

        `read` sees the objects as the pass left them; then they are put back.
        """
        self._dirty.restore()
        try:
            y, kept = self.calls.forward(self.inputs)
            self._compare(y)
            return read(self._back(kept, factor))
        finally:
            self.note_changes()

    def again(self, read: Callable[[Any], T]) -> T:
        """Run both passes while arrays are moved, which stay moved."""
        try:
            return read(self._back(self.calls.forward(self.inputs)[1], 1.0))
        finally:
            self._dirty.restore()

    def _back(self, kept: Any, factor: float) -> Any:
        if self.calls.goes_forward:
            self._dirty.generators_back()
        if not self.calls.takes_dout:
            returned = of_numbers(self.calls.backward(self.inputs, None, kept), self.inputs)
            if self.calls.elementwise:
                v = self.weighing.cotangents
                returned = rebuilt(returned, lambda g: g * v if is_real(g) else g)
            return returned
        dout = rebuilt(self.weighing.cotangents, lambda v: None if v is None else v * factor)
        given = marks(dout)
        returned = of_numbers(self.calls.backward(self.inputs, dout, kept), self.inputs)
        self.seen.dout_changed |= marks(dout) != given
        return returned

    def _compare(self, y: Any) -> None:
        self.seen.outputs_differ |= marks(y) != self._first

    def between(self, read: Callable[[], None]) -> None:
        """Run a forward pass, and let `read` see the objects as it left them."""
        try:
            self.calls.forward(self.inputs)
            read()
        finally:
            self.note_changes()

    def unrestored(
        self, others: list[Any], read: Callable[[Any], T], learnt: Sequence[Any] | None = None
    ) -> tuple[tuple[T, T], bool]:
        """Run the passes on other inputs and then on these, without going back between them.

        Return what `read` makes of both, and whether the second output is that of a first pass.

        Parameters
        ----------
        others : list
            The other inputs.
        read : callable
            As in `backward`.
        learnt : sequence of array, optional
            What is put back between them all the same, and with it numbers, such as counters.
        """
        own = list(self.inputs)
        try:
            self.inputs[:] = others
            _, kept = self.calls.forward(self.inputs)
            other = read(self._back(kept, 1.0))
            self.inputs[:] = own
            self._dirty.generators_back()
            self.base.partly_back(learnt)
            y, kept = self.calls.forward(self.inputs)
            steady = marks(y) == self._first
            now = read(self._back(kept, 1.0))
            return (other, now), steady
        finally:
            self.inputs[:] = own
            self.note_changes()

    def items(self) -> int:
        """Return how many things all lists hold: those of some targets grow with each pass."""
        found = (each.value for root in self.calls.roots for each in reachable(root))
        return sum(len(value) for value in found if isinstance(value, list))

    def widen(self) -> bool:
        """Compute in the widest dtype from now on, if the target can; tell whether it does.

        The floating arrays of the objects and the inputs are replaced by wide copies; the state
        at the beginning brings the user's own back.
        """
        before, base, weighing = self.phi(), self.base, self.weighing
        base.restore()  # caches that were left are narrow
        held = [floating_arrays(root) for root in (*self.calls.roots, self.inputs)]
        places = [p for found in held for p in found.values()]
        arrays = list({id(p.get()): p.get() for p in places}.values())
        narrow = [x for x in arrays if x.dtype != backends.of(x).widest]
        if not narrow or any(is_view(x, arrays) for x in arrays):  # copies would share nothing
            return False
        try:
            for x in narrow:
                wider = watched_like(x, widened(x))
                for place in [p for p in places if p.get() is x]:
                    place.set(wider)
            wide = {backends.of(x).widest for x in narrow}
            self.weighing = Weighing(
                rebuilt(weighing.cotangents, lambda v: widened(v) if is_known_array(v) else v)
            )
            self.start_from(State(*self.calls.roots, self.inputs))
            after = self.phi()
            fine = not is_known_array(after) or after.dtype in wide
            near = max(_NEAR, *(8.0 * float(namespace(x).finfo(x.dtype).eps) for x in narrow))
            close = abs(float(flat64(after)[0] - flat64(before)[0])) <= near * self.scale()
            if fine and close:
                self.backward(lambda returned: None)
                return True
        except Exception:  # the target may refuse the wider dtype, in whatever way
            pass
        base.restore()
        self.weighing = weighing
        self.start_from(base)
        return False

    def end(self) -> None:
        """Leave the user's objects as they were."""
        self.begin.restore()


def marks(y: Any) -> list[bytes]:
    """Return what tells whether outputs are the same as others."""
    return [fingerprint(leaf) for _, leaf in leaves(y) if is_real(leaf)]


def _kind(y: Any) -> str:
    return f"dtype {y.dtype}" if is_known_array(y) else type(y).__name__
