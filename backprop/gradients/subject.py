"""What is checked, brought to one form: arrays, their analytic gradients, and a function.

The function is φ = Σ v y, a random cotangent v times the output y; for a network and for a function
that returns a number, it is that number.
"""

from collections.abc import Sequence
from typing import Any

import backends
from backends import Array, namespace
from backprop.arrays import shape
from backprop.gradients import perturbation
from backprop.gradients.inputs import copies_of, input_names, watched
from backprop.gradients.layer_subject import LayerSubject
from backprop.gradients.probe import NetworkProbe, Place, Probe, flat64, is_floating, widened
from backprop.networks.network import Network


def subject_of(target: Any, inputs: Sequence[Any], rng: Any) -> Any:
    """Return the subject for a target of any kind.

    Raises
    ------
    TypeError
        When the target is none of them.
    """
    if isinstance(target, tuple) and len(target) == 2 and all(map(callable, target)):
        return FunctionSubject(target, inputs, rng)
    if all(hasattr(target, name) for name in ("loss", "gradient", "params")):
        return NetworkSubject(target, inputs)
    if all(hasattr(target, name) for name in ("forward", "backward")):
        return LayerSubject(target, inputs, rng)
    raise TypeError(
        "a target must have forward and backward, or loss, gradient and params, or be a pair "
        f"(f, grad_f); got {type(target).__name__}"
    )


class NetworkSubject:
    """A network: `loss(x, t)`, `gradient(x, t)` and `params`."""

    takes_dout = False
    dout_size = 1.0

    def __init__(self, net: Any, inputs: Sequence[Any]) -> None:
        if len(inputs) != 2:
            raise TypeError(f"a network needs the inputs x and t; got {len(inputs)}")
        if not hasattr(inputs[0], "dtype"):
            raise TypeError(f"`x` must be an array; got {type(inputs[0]).__name__}")
        self.layer = net
        self.name = type(net).__name__
        self.inputs = copies_of(inputs)
        self.watched = watched(self.inputs)
        self.watched |= {name: (x, flat64(x)) for name, x in net.params.items()}
        self.dout_changed = False
        self.batch = inputs[0].shape[0] if inputs[0].ndim > 1 else None
        self.fresh = None
        self.dout = 1.0

    @property
    def arrays(self) -> dict[str, Array]:
        """The parameters."""
        return dict(self.layer.params.items())

    def gradients(self, layer: Any = None, factor: float = 1.0) -> dict[str, Any]:
        """Return the analytic gradients."""
        return dict((layer or self.layer).gradient(*self.inputs))

    def key_problems(self) -> list[str]:
        """Say that there are none beside those that the gradients themselves show."""
        return []

    def probe(self) -> Probe:
        """Return the loss, in a float64 copy of a `Network`."""
        net, x, t = self.layer, *self.inputs
        if isinstance(net, Network):
            return NetworkProbe(perturbation.in_float64(net), x, t)

        def value() -> tuple[Any, Any]:
            loss = net.loss(x, t)
            return loss, abs(loss)

        return Probe({name: Place(net.params, name) for name in net.params}, value, in_place=True)


class FunctionSubject:
    """A pair `(f, grad_f)`: a function of arrays that returns a number, and its gradient.

    An `f` that returns an array of the shape of its only argument is taken entry by entry, and
    `grad_f` as its derivative.
    """

    takes_dout = False
    dout_size = 1.0

    def __init__(self, pair: Sequence[Any], inputs: Sequence[Any], rng: Any) -> None:
        self.f, self.grad_f = pair
        self.layer = self.fresh = None
        self.name = getattr(self.f, "__name__", type(self.f).__name__)
        self.inputs = copies_of(inputs)
        self.watched = watched(self.inputs)
        self.dout_changed = False
        self.batch = None
        self.dout = 1.0
        names = input_names(self.f, len(self.inputs))
        self.input_places = {n: i for i, n in enumerate(names) if is_floating(self.inputs[i])}
        y = self.f(*self.inputs)
        self._weights: Any = 1.0
        if getattr(y, "shape", ()) != ():
            if len(self.inputs) != 1 or y.shape != self.inputs[0].shape:
                raise ValueError(
                    f"`f` must return a number, or an array like its only argument; "
                    f"got shape {shape(y)}"
                )
            backend = backends.of(y)
            self._weights = backend.asarray(rng.uniform(0.5, 1.5, y.shape), y.dtype)

    @property
    def arrays(self) -> dict[str, Array]:
        """The floating arguments."""
        return {name: self.inputs[i] for name, i in self.input_places.items()}

    def gradients(self, layer: Any = None, factor: float = 1.0) -> dict[str, Any]:
        """Return what `grad_f` gives, weighted as the output is."""
        returned = self.grad_f(*self.inputs)
        if not isinstance(returned, tuple | list):
            (name,) = list(self.input_places)[:1] or [""]
            return {
                name: returned if isinstance(self._weights, float) else returned * self._weights
            }
        return {name: returned[i] for name, i in self.input_places.items() if i < len(returned)}

    def key_problems(self) -> list[str]:
        """Say that there are none: arguments have no keys."""
        return []

    def probe(self) -> Probe:
        """Return φ of float64 copies of the arguments, or of copies in their own dtype."""
        try:
            return self._probe([widened(x) if is_floating(x) else x for x in self.inputs])
        except Exception:  # f may refuse float64
            return self._probe(
                [
                    namespace(x).astype(x, x.dtype, copy=True) if is_floating(x) else x
                    for x in self.inputs
                ]
            )

    def _probe(self, inputs: list[Any]) -> Probe:
        def value() -> tuple[Any, Any]:
            y = self.f(*inputs)
            if getattr(y, "shape", ()) == ():
                return y, abs(y)
            xp = namespace(y)
            terms = y * xp.astype(self._weights, y.dtype)
            return xp.sum(terms), xp.sum(xp.abs(terms))

        places = {name: Place(inputs, i) for name, i in self.input_places.items()}
        return Probe(places, value, in_place=False)
