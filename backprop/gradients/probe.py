"""The function φ that is differentiated numerically, with its arrays changed one at a time."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import backends
from backends import Array, isdtype, namespace
from backprop.gradients import perturbation

_ROUND_OFF = 4.0  # a difference of two values of φ is rounded by about this many eps


class Place:
    """Where an array is kept: an item of a dict or list, or an attribute."""

    def __init__(self, holder: Any, key: Any, attribute: bool = False) -> None:
        self.holder, self.key, self.attribute = holder, key, attribute

    def get(self) -> Array:
        """Return the array."""
        return getattr(self.holder, self.key) if self.attribute else self.holder[self.key]

    def set(self, value: Array) -> None:
        """Put an array there."""
        if self.attribute:
            setattr(self.holder, self.key, value)
        else:
            self.holder[self.key] = value


class Probe:
    """φ with one array changed at a time.

    Parameters
    ----------
    places : dict of str to Place
        The arrays.
    value : callable
        Returns φ, a 0-d array or number, and Σ |v y|.
    in_place : bool
        Change the arrays themselves where they can be changed, and restore them, rather than put
        changed copies in their place.
    """

    def __init__(
        self, places: dict[str, Place], value: Callable[[], tuple[Any, Any]], in_place: bool
    ) -> None:
        self.places, self.value, self.in_place = places, value, in_place
        base, scale = value()
        self.base = to_float(base)
        self.scale = max(to_float(scale), abs(self.base))
        self._noise: float | None = None
        self.dtype = base.dtype if hasattr(base, "dtype") else None
        if not math.isfinite(self.base):
            raise ValueError(f"the output must be finite to be differentiated; got {self.base}")

    def eps(self, name: str) -> float:
        """Return the spacing of the coarsest dtype that a step in `name` passes through."""
        x = self.places[name].get()
        xp = namespace(x)
        own = float(xp.finfo(x.dtype).eps)
        if self.dtype is None or not isdtype(xp, self.dtype, "real floating"):
            return own
        return max(own, float(xp.finfo(self.dtype).eps))

    def noise(self) -> float:
        """Return by how much rounding, or chance, changes φ from one evaluation to the next.

        What a change of a few eps to either side leaves of φ beyond a straight line; at least
        what rounding must do.
        """
        if self._noise is None:
            name = next(name for name, place in self.places.items() if 0 not in place.get().shape)
            least = _ROUND_OFF * self.eps(name) * self.scale
            values = self.host(name)
            tiny = 64.0 * self.eps(name) * float(abs(values).max() or 1.0)
            changes, _ = self.changes_along(name, 0.0 * values + 1.0, (tiny, -tiny))
            bend = abs(changes[0] + changes[1])
            self._noise = max(least, bend if math.isfinite(bend) else 0.0)
        return self._noise

    def host(self, name: str) -> Any:
        """Return the array's values as a flat float64 host array."""
        return flat64(self.places[name].get())

    def changes(
        self, name: str, moves: Sequence[tuple[int, float]]
    ) -> tuple[list[float], list[float]]:
        """Return φ - φ(0) for each (flat index, distance), and how far each move really went.

        A narrow dtype may round the distance.
        """
        x = self.places[name].get()
        backend = backends.of(x)
        own = backend.to_numpy(x)
        distances = []

        def moved() -> Iterator[Array]:
            for index, distance in moves:
                changed = own.copy()
                changed.reshape(-1)[index] += distance
                distances.append(float(changed.flat[index]) - float(own.flat[index]))
                yield backend.asarray(changed)

        return self._changes(name, moved()), distances

    def changes_along(
        self, name: str, direction: Any, distances: Sequence[float]
    ) -> tuple[list[float], Sequence[float]]:
        """Return φ - φ(0) for moves of all entries along a flat direction, and the distances."""
        x = self.places[name].get()
        own = namespace(x).astype(x, x.dtype, copy=True)
        along = backends.of(x).asarray(direction.reshape(tuple(x.shape)), x.dtype)
        return self._changes(name, (own + d * along for d in distances)), distances

    def _changes(self, name: str, arrays: Iterable[Array]) -> list[float]:
        """Return φ - φ(0) for other arrays in the place of an array, which is restored."""
        place = self.places[name]
        x = place.get()
        writable = self.in_place and backends.is_writable(x)
        saved = namespace(x).astype(x, x.dtype, copy=True)
        values = []
        try:
            for moved in arrays:
                if writable:
                    x[...] = moved
                else:
                    place.set(moved)
                values.append(to_float(self.value()[0]) - self.base)
        finally:
            if writable:
                x[...] = saved
            else:
                place.set(x)
        return values


def to_float(value: Any) -> float:
    """Return a 0-d array or number as a float."""
    return float(flat64(value)[0]) if hasattr(value, "dtype") else float(value)


def flat64(x: Any) -> Any:
    """Return an array's values as a flat float64 host array."""
    host = backends.host()
    if not hasattr(x, "dtype"):
        return host.xp.reshape(host.asarray(x, "float64"), (-1,))
    values = backends.of(x).to_numpy(x)
    return host.xp.reshape(host.xp.astype(values, host.xp.float64, copy=False), (-1,))


def is_floating(x: Any) -> bool:
    """Tell whether `x` is a floating array."""
    return hasattr(x, "dtype") and bool(isdtype(namespace(x), x.dtype, "real floating"))


def widened(x: Array) -> Array:
    """Return a copy of a floating array, in float64 where its device has it."""
    backend = backends.of(x)
    dtype = backend.dtype("float64") if backend.has_float64 else x.dtype
    return backend.xp.astype(x, dtype, copy=True)


class NetworkProbe(Probe):
    """The loss of a `Network`, whose changes for all entries come from the fast way.

    Parameters
    ----------
    net : Network
        A copy, whose parameters may be rebound.
    x, t : array
        Inputs and labels.
    """

    def __init__(self, net: Any, x: Array, t: Array) -> None:
        def value() -> tuple[Any, Any]:
            loss = net.training_loss(x, t)
            return loss, abs(loss)

        places = {name: Place(net.params, name) for name in net.params}
        super().__init__(places, value, in_place=False)
        self._net, self._x, self._t = net, x, t
        self._known: dict[tuple[float, ...], dict[str, Any]] = {}

    def is_worthwhile(self, count: int, offsets: tuple[float, ...]) -> bool:
        """Tell whether evaluating every entry of every parameter beats `count` forward passes."""
        total = sum(math.prod(place.get().shape) for place in self.places.values())
        return offsets in self._known or 4 * count >= total

    def all_changes(self, name: str, offsets: tuple[float, ...]) -> Any:
        """Return the changes for all entries, shape (len(offsets), size), on the host."""
        if offsets not in self._known:
            found = perturbation.loss_changes(self._net, self._x, self._t, offsets)
            self._known[offsets] = {
                key: flat64(change).reshape(len(offsets), -1) for key, change in found.items()
            }
        return self._known[offsets][name]
