"""Layers held together: their arrays by name, and copies of both."""

import copy
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Self

import backends
from backends import Array, Backend, DType, FloatDType, namespace
from backprop.arrays import check_array, check_real, check_unmasked, is_array
from backprop.layers import Dropout, Layer, training_argument
from backprop.networks import kept, snapshot
from backprop.networks.checks import check_objects, check_own, common_backend, common_dtype
from backprop.networks.copies import check_dtype, copies_to
from backprop.networks.exclusive import Exclusive
from backprop.networks.frozen import check_learning
from backprop.networks.parameters import Parameters, Slot, is_own, named_slots, within
from backprop.networks.summary import network_table
from backprop.tables import Table

_WATCHED = 2
"""Gradients that are watched: an array may be made in the first, and must stay in the second."""


class Container:
    """Layers in order and a loss layer; base of `Network`, which says what they compute.

    Attributes
    ----------
    backend : Backend or None
        Where the parameters are; None without any.
    dtype : dtype or None
        That of the parameters; None without any.
    exclusive : context manager
        In it this thread alone can train the network.
    random : list of Dropout
        The layers that draw masks. They are held: the mask changes with each gradient.
    """

    backend: Backend | None
    dtype: DType | None
    _unwatched = 0

    def __init__(self, layers: Mapping[str, Any], last_layer: Any) -> None:
        check_objects(layers, last_layer)
        self._layers = dict(layers)
        self._last_layer = last_layer
        check_learning(self._layers, last_layer)
        self.exclusive = Exclusive()
        self._set_up()

    def _set_up(self) -> None:
        """Find out what follows from the layers, and check that they fit together."""
        self._order = list(self._layers.values())
        self._caching = [x for x in (*self._order, self._last_layer) if isinstance(x, Layer)]
        self._keeper: int | None = None
        self._runs = [(layer, _mode(layer)) for layer in self._order]
        self._last_mode = _mode(self._last_layer)
        every = [*self._order, self._last_layer]
        held = {id(x): x for layer in every for _, x in within(layer)}
        self.random = [layer for layer in held.values() if isinstance(layer, Dropout)]
        for layer in self.random:
            layer.held = True  # a gradient ends its step, not each pass
        learning = [i for i, layer in enumerate(self._order) if getattr(layer, "params", None)]
        way = self._order[min(learning) :] if learning else []
        self._first, self._way_back = (way[0] if way else None), way[:0:-1]
        self._ran = False
        self._unwatched = 0 if all(is_own(layer) for layer in self._order) else _WATCHED
        slots = named_slots([*self._order, self._last_layer])
        learnt = {
            name: slot
            for name, slot in slots.items()
            if slot.kind == "params" and slot.layer is not self._last_layer
        }
        self._params = Parameters(learnt)
        check_own(self._params)
        self._slots = {n: p for n, p in slots.items() if n in learnt or p.kind == "state"}
        self.backend = common_backend(self._slots)
        self.dtype = common_dtype(self._params)

    def _take_in(self, again: bool = False) -> None:
        """Take in the arrays that layers have made in their first pass; looked for once."""
        if again or not self._ran:
            if named_slots([*self._order, self._last_layer]).keys() != self._slots.keys():
                self._set_up()
            self._ran = True

    def __getstate__(self) -> dict[str, Any]:
        # a library and a thread are no part of a copy or a pickle
        state = {**vars(self), "backend": None, "exclusive": None, "_keeper": None}
        with self.exclusive.between_steps():  # another thread may train on, or begin to
            return copy.deepcopy(state, {id(self): self})

    def __copy__(self) -> Self:
        other = object.__new__(type(self))
        vars(other).update(vars(self), exclusive=Exclusive(), _keeper=None)
        return other

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self.backend = common_backend(self._slots)
        self.exclusive = Exclusive()

    @property
    def layers(self) -> Mapping[str, Any]:
        """The layers by name, in order."""
        return MappingProxyType(self._layers)

    @property
    def last_layer(self) -> Any:
        """The loss layer; another may be put in its place."""
        return self._last_layer

    @last_layer.setter
    def last_layer(self, layer: Any) -> None:
        self._last_layer = layer
        self._set_up()

    lastLayer = last_layer  # noqa: N815 - the book's name

    @property
    def params(self) -> Parameters:
        """The parameters by name; `net.params["W1"] -= lr * grad["W1"]` changes the layer."""
        return self._params

    @property
    def slots(self) -> Mapping[str, Slot]:
        """Where each array is held by name, parameters and state."""
        self._take_in()
        return MappingProxyType(self._slots)

    def state_dict(self) -> dict[str, Array]:
        """Return copies of all parameters and of all state by name, where the network is.

        The state of the k-th layer with a `running_mean`, say, is `running_meank`. What layers of
        your own leave in attributes for the next pass comes too, as `BatchNorm1.running_mean`, as
        far as their code shows it. What happens to the network later does not change them.
        """
        with self.exclusive.between_steps():
            self._take_in(again=True)
            return snapshot.taken(self._slots) | kept.taken(kept.places(self._named))

    def load_state_dict(self, arrays: Mapping[str, Any]) -> None:
        """Put in copies of `arrays`, which `state_dict` gave for such a network.

        Parameters
        ----------
        arrays : mapping of str to array
            All parameters and all state by name, of any library; they come in the dtypes that the
            network has.

        Raises
        ------
        OverflowError
            When a value does not fit into the network's dtype.
        TypeError
            When an array is not real, or holds fractions where whole numbers belong.
        ValueError
            When names are missing or unexpected, or shapes don't fit: then nothing is changed.
        """
        backend, own = self.backend or backends.host(), kept.places(self._named)
        values: dict[str, Any] = {}
        if own and isinstance(arrays, Mapping):
            values = kept.fitting(own, arrays, backend)
            arrays = {name: x for name, x in arrays.items() if name not in own}
        snapshot.put_back(self._slots, arrays, backend)
        kept.put(own, values)

    @property
    def _named(self) -> dict[str, Any]:
        return {**self._layers, "last_layer": self._last_layer}

    def to(
        self,
        device: str | Backend | None = None,
        library: str | None = None,
        dtype: FloatDType | None = None,
    ) -> Self:
        """Return a copy of the network on another backend or in another dtype.

        This network is left as it is, whatever becomes of the copy.

        Parameters
        ----------
        device, library : optional
            As `backends.select` takes them; where the network is, if neither is given.
        dtype : str or dtype, optional
            Each array's own if not given. State that is not floating keeps its own.

        Raises
        ------
        OverflowError
            When a value does not fit into the dtype.
        TypeError
            When the device has no such dtype, or it is not floating.
        """
        check_dtype(dtype)
        stay = device is None and library is None and self.backend is not None
        backend = self.backend if stay else backends.select(device, library)
        with self.exclusive.between_steps():
            *layers, last = copies_to([*self._order, self._last_layer], backend, dtype)
        other = copy.copy(self)  # a subclass keeps what it adds
        other._layers = dict(zip(self._layers, layers, strict=True))
        other._last_layer = last
        other._set_up()
        return other

    def _table(self) -> Table:
        return network_table(self, self._layers, self._last_layer, self._slots)

    def __repr__(self) -> str:
        return self._table().text()

    def _repr_html_(self) -> str:
        return self._table().html()

    def _input(self, x: Array) -> Array:
        """Return inputs in the network's dtype; they must be on its backend already."""
        self._check_input(x)
        if self.backend is None:
            return x
        if self.dtype is None or x.dtype == self.dtype:
            return x
        check_real("`x`", x)
        return namespace(x).astype(x, self.dtype)

    def _check_input(self, x: Any) -> None:
        """Raise a TypeError unless `x` is an array of the network's backend, without a mask."""
        if self.backend is None:
            check_array("x", x)
        else:
            self.backend.require(x, "x")
        check_unmasked("`x`", x)

    def _labels(self, t: Any) -> Array:
        """Return labels as an array of the network's backend; arrays must be so already."""
        if self.backend is None or self.backend.holds(t):
            return t
        if is_array(t):
            self.backend.require(t, "t")
        try:
            return self.backend.asarray(t)
        except (TypeError, ValueError) as error:
            raise TypeError(f"`t` must be labels, numbers; got {t!r:.80}: {error}") from None


def _mode(layer: Any) -> str | None:
    """Return the name by which a layer takes whether it trains."""
    return training_argument(getattr(layer, "forward", None))
