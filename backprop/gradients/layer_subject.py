"""What is checked of an object with `forward` and `backward`."""

import copy
import inspect
import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import backends
from backends import Array, namespace
from backprop.gradients.inputs import NOTHING, copies_of, input_names, watched
from backprop.gradients.probe import Place, Probe, flat64, is_floating, to_float, widened


class LayerSubject:
    """An object with `forward` and `backward`."""

    returns_nothing = False

    def __init__(self, layer: Any, inputs: Sequence[Any], rng: Any) -> None:
        self.layer = layer
        self.name = type(layer).__name__
        self.inputs = copies_of(inputs)
        self.watched = watched(self.inputs)
        if not any(map(is_floating, self.inputs)) and not _arrays_in(layer):
            raise ValueError(NOTHING)
        self.watched |= {name: (x, flat64(x)) for name, x in _arrays_in(layer).items()}
        self.dout_changed = False
        self.batch = next((x.shape[0] for x in self.inputs if getattr(x, "ndim", 0) > 1), None)
        self._rng = rng
        self.fresh = _deepcopy(layer)
        before = dict(getattr(layer, "__dict__", {}))
        self._warm_up(layer)
        y = layer.forward(*self.inputs)
        if not is_floating(y) and not isinstance(y, float):
            raise TypeError(f"forward must return one floating array; got {_kind(y)}")
        self.takes_dout = _takes_argument(layer.backward)
        self.dout = self._cotangent(y) if self.takes_dout else 1.0
        self.dout_size = float(abs(flat64(self.dout)).max(initial=0.0))
        self.outputs: list[Any] = []
        first: Any = self.run(self.layer, self.dout * 1.0)[0]
        if first is None and any(map(is_floating, self.inputs)):
            first = (None,) * len(self.inputs)
            self.returns_nothing = True
        self.params = _params(layer, before)
        if not isinstance(getattr(layer, "params", None), dict):
            inputs_too = {name for name in self.watched if name.startswith("input ")}
            self.watched = {  # what else a layer holds is its own affair
                name: kept
                for name, kept in self.watched.items()
                if name in self.params or name in inputs_too
            }
        names = input_names(layer.forward, len(self.inputs))
        given: Any = first if isinstance(first, tuple | list) else (first,)
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

    def _warm_up(self, layer: Any) -> None:
        """Run the layer on other values first: what it keeps of them must not show later."""
        other = [x * 0.75 + 0.125 if is_floating(x) else x for x in self.inputs]
        try:
            y = layer.forward(*other)
            if _takes_argument(layer.backward):
                layer.backward(y * 0.0 + 0.5)
            else:
                layer.backward()
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
        if layer is not self.fresh:
            self._warm_up(layer)
        y = layer.forward(*self.inputs)
        self.outputs = [*self.outputs[-1:], flat64(y)]
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
        if self.returns_nothing:
            problems.append("backward must return the gradient by its input; it returns None")
        if any((a != b).any() for a, b in pairwise(self.outputs) if a.shape == b.shape):
            problems.append("two forward passes on the same inputs give different outputs")
        params, grads = (getattr(self.layer, key, None) for key in ("params", "grads"))
        if params is not None and not isinstance(params, dict):
            kind = type(params).__name__
            problems.append(
                f"`params` must be a dictionary, or its gradients go unchecked; got {kind}"
            )
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


def _deepcopy(layer: Any) -> Any:
    try:
        return copy.deepcopy(layer)
    except Exception:  # what a foreign object holds may not be copyable
        return None


def _kind(y: Any) -> str:
    return f"dtype {y.dtype}" if hasattr(y, "dtype") else type(y).__name__
