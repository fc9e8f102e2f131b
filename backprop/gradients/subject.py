"""What is checked, brought to one form: arrays, their analytic gradients, and a function.

The function is φ = Σ v y, a random cotangent v times the output y; for a network and for a function
that returns a number, it is that number.
"""

import copy
import inspect
import math
from collections.abc import Callable, Sequence
from typing import Any

import backends
from backends import Array, namespace
from backprop.arrays import shape
from backprop.gradients import perturbation
from backprop.gradients.probe import (
    NetworkProbe,
    Place,
    Probe,
    flat64,
    is_floating,
    to_float,
    widened,
)
from backprop.networks.network import Network

NOTHING = "there must be a floating input or a parameter to differentiate by; got none"


class LayerSubject:
    """An object with `forward` and `backward`."""

    def __init__(self, layer: Any, inputs: Sequence[Any], rng: Any) -> None:
        self.layer = layer
        self.name = type(layer).__name__
        self.inputs = _copies(inputs)
        self.watched = _watched(self.inputs)
        if not any(map(is_floating, self.inputs)) and not _arrays_in(layer):
            raise ValueError(NOTHING)
        self.watched |= {name: (x, flat64(x)) for name, x in _arrays_in(layer).items()}
        self.dout_changed = False
        self.batch = next((x.shape[0] for x in self.inputs if getattr(x, "ndim", 0) > 1), None)
        self._rng = rng
        self.fresh = _deepcopy(layer)
        before = dict(getattr(layer, "__dict__", {}))
        self._warm_up()
        y = layer.forward(*self.inputs)
        if not is_floating(y) and not isinstance(y, float):
            raise TypeError(f"forward must return one floating array; got {_kind(y)}")
        self.takes_dout = _takes_argument(layer.backward)
        self.dout = self._cotangent(y) if self.takes_dout else 1.0
        first = self.run(self.layer, self.dout * 1.0)[0]
        self.params = _params(layer, before)
        names = _input_names(layer.forward, len(self.inputs))
        given = first if isinstance(first, tuple | list) else (first,)
        self._returned = first
        floating = [i for i, x in enumerate(self.inputs) if is_floating(x)]
        if isinstance(first, tuple | list):
            own = [i for i in floating if i < len(given) and given[i] is not None]
        else:
            own = floating[:1] if first is not None else []
        self.input_places = {names[i]: i for i in own}
        taken = set(self.input_places)
        self.params = {
            (f"{name} (parameter)" if name in taken else name): place
            for name, place in self.params.items()
        }

    def _warm_up(self) -> None:
        """Run the layer on other values first: what it keeps of them must not show later."""
        other = [x * 0.75 + 0.125 if is_floating(x) else x for x in self.inputs]
        try:
            y = self.layer.forward(*other)
            if _takes_argument(self.layer.backward):
                self.layer.backward(self._cotangent(y))
            else:
                self.layer.backward()
        except Exception:  # other values may lie outside what the layer accepts
            return

    def _cotangent(self, y: Any) -> Any:
        if getattr(y, "shape", ()) == ():
            return float(self._rng.uniform(0.5, 1.5))
        backend = backends.of(y)
        return backend.xp.astype(
            backend.asarray(
                self._rng.uniform(0.5, 1.5, y.shape) * self._rng.choice([-1.0, 1.0], y.shape)
            ),
            y.dtype,
        )

    @property
    def arrays(self) -> dict[str, Array]:
        """The arrays differentiated by, inputs first."""
        found = {name: self.inputs[i] for name, i in self.input_places.items()}
        return found | {name: place.get() for name, place in self.params.items()}

    def run(self, layer: Any, dout: Any) -> tuple[Any, Any]:
        """Run forward and backward once; return what backward and forward returned."""
        y = layer.forward(*self.inputs)
        if not self.takes_dout:
            return layer.backward(), y
        before = flat64(dout)
        returned = layer.backward(dout)
        self.dout_changed |= bool((flat64(dout) != before).any())
        return returned, y

    def gradients(self, layer: Any = None, factor: float = 1.0) -> dict[str, Any]:
        """Return the analytic gradients for the cotangent times `factor`."""
        layer = self.layer if layer is None else layer
        returned, _ = self.run(layer, self.dout * factor if self.takes_dout else self.dout)
        given = returned if isinstance(returned, tuple | list) else None
        found = {
            name: returned if given is None else given[i] for name, i in self.input_places.items()
        }
        for name, place in self.params.items():
            found[name] = _gradient_of(layer, place)
        return found

    def key_problems(self) -> list[str]:
        """Say which gradients are missing, or belong to nothing."""
        problems = []
        params, grads = (getattr(self.layer, key, None) for key in ("params", "grads"))
        if isinstance(params, dict) and isinstance(grads, dict):
            extra = [key for key in grads if key not in params]
            problems += [f"there is a gradient for {key!r}, which is no parameter" for key in extra]
        if isinstance(self._returned, tuple | list) and len(self._returned) != len(self.inputs):
            problems.append(
                f"backward must return a gradient for each of the {len(self.inputs)} inputs; "
                f"got {len(self._returned)}"
            )
        return problems

    def probe(self) -> Probe:
        """Return φ in a float64 copy of the layer, or in the layer itself if a copy won't do."""
        wide = copy.copy(self.layer)
        try:
            probe = self._wide_probe(wide)
        except Exception:  # the copy may share what it must not, or refuse float64
            probe = None
        if probe is not None and self._answers(probe):
            return probe
        inputs = [
            namespace(x).astype(x, x.dtype, copy=True) if is_floating(x) else x for x in self.inputs
        ]
        places = {name: Place(inputs, i) for name, i in self.input_places.items()} | self.params
        return Probe(places, self._value(self.layer, inputs), in_place=True)

    def _wide_probe(self, wide: Any) -> Probe:
        inputs = [widened(x) if is_floating(x) else x for x in self.inputs]
        places = {name: Place(inputs, i) for name, i in self.input_places.items()}
        if isinstance(getattr(wide, "params", None), dict):
            wide.params = dict(wide.params)
        if isinstance(getattr(wide, "grads", None), dict):
            wide.grads = dict(wide.grads)
        for name, place in self.params.items():
            holder = wide if place.attribute else wide.params
            places[name] = Place(holder, place.key, place.attribute)
            places[name].set(widened(place.get()))
        return Probe(places, self._value(wide, inputs), in_place=False)

    def _answers(self, probe: Probe) -> bool:
        """Tell whether the copy computes in the wider dtype, and heeds each parameter."""
        wide = {namespace(x).finfo(x.dtype).bits for x in (p.get() for p in probe.places.values())}
        if probe.dtype is not None and wide:
            x = next(iter(probe.places.values())).get()
            if namespace(x).finfo(probe.dtype).bits < max(wide):
                return False
        for name in self.params:
            place = probe.places[name]
            x = place.get()
            place.set(x * math.nan)
            try:
                heeded = not math.isfinite(to_float(probe.value()[0]))
            finally:
                place.set(x)
            if not heeded:
                return False
        return True

    def _value(self, layer: Any, inputs: list[Any]) -> Callable[[], tuple[Any, Any]]:
        def value() -> tuple[Any, Any]:
            y = layer.forward(*inputs)
            if not hasattr(y, "dtype"):
                return y * self.dout, abs(y)
            xp = namespace(y)
            if isinstance(self.dout, float):
                return y * self.dout, xp.abs(y)
            wide = widened(y)
            terms = wide * xp.astype(self.dout, wide.dtype)
            return xp.sum(terms), xp.sum(xp.abs(terms))

        return value


class NetworkSubject:
    """A network: `loss(x, t)`, `gradient(x, t)` and `params`."""

    takes_dout = False

    def __init__(self, net: Any, inputs: Sequence[Any]) -> None:
        if len(inputs) != 2:
            raise TypeError(f"a network needs the inputs x and t; got {len(inputs)}")
        self.layer = net
        self.name = type(net).__name__
        self.inputs = _copies(inputs)
        self.watched = _watched(self.inputs)
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

    def __init__(self, pair: Sequence[Any], inputs: Sequence[Any], rng: Any) -> None:
        self.f, self.grad_f = pair
        self.layer = self.fresh = None
        self.name = getattr(self.f, "__name__", type(self.f).__name__)
        self.inputs = _copies(inputs)
        self.watched = _watched(self.inputs)
        self.dout_changed = False
        self.batch = None
        self.dout = 1.0
        names = _input_names(self.f, len(self.inputs))
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


def _copies(inputs: Sequence[Any]) -> list[Any]:
    """Return copies of the arrays, which a layer may spoil, and numbers as arrays on the host."""
    host = backends.host()
    copies = [host.asarray(x) if isinstance(x, float) else x for x in inputs]
    return [
        namespace(x).astype(x, x.dtype, copy=True) if hasattr(x, "dtype") else x for x in copies
    ]


def _watched(inputs: list[Any]) -> dict[str, tuple[Array, Any]]:
    """Return the arrays among the inputs by name, with their values."""
    return {f"input {i}": (x, flat64(x)) for i, x in enumerate(inputs) if hasattr(x, "dtype")}


def _arrays_in(layer: Any) -> dict[str, Array]:
    """Return the floating arrays that a layer holds before its first pass: its parameters."""
    held = getattr(layer, "params", None)
    held = held if isinstance(held, dict) else getattr(layer, "__dict__", {})
    return {name: x for name, x in held.items() if is_floating(x)}


def _params(layer: Any, before: dict[str, Any]) -> dict[str, Place]:
    """Return where a layer keeps what it learns: in `params`, or as `W` beside `dW`."""
    params = getattr(layer, "params", None)
    if isinstance(params, dict):
        return {key: Place(params, key) for key, value in params.items() if is_floating(value)}
    if not hasattr(layer, "__dict__"):
        return {}
    return {
        key: Place(layer, key, attribute=True)
        for key, value in vars(layer).items()
        if f"d{key}" in vars(layer) and is_floating(value) and before.get(key) is value
    }


def _gradient_of(layer: Any, place: Place) -> Any:
    if place.attribute:
        return getattr(layer, f"d{place.key}")
    return getattr(layer, "grads", {}).get(place.key)


def _takes_argument(backward: Callable[..., Any]) -> bool:
    try:
        return bool(inspect.signature(backward).parameters)
    except (TypeError, ValueError):  # some callables have no signature
        return True


def _input_names(forward: Callable[..., Any], count: int) -> list[str]:
    """Return the names of the arguments, from the signature where it gives them."""
    try:
        parameters = list(inspect.signature(forward).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    positional = [
        p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]
    return [positional[i] if i < len(positional) else f"input {i}" for i in range(count)]


def _deepcopy(layer: Any) -> Any:
    try:
        return copy.deepcopy(layer)
    except Exception:  # what a foreign object holds may not be copyable
        return None


def _kind(y: Any) -> str:
    return f"dtype {y.dtype}" if hasattr(y, "dtype") else type(y).__name__
