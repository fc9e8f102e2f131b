"""The general network: layers in order, and a layer that ends them in a loss (section 5.7)."""

import copy
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import backends
from backends import Array, Backend, DType, isdtype, namespace
from backprop import labels
from backprop.arrays import shape
from backprop.layers import SoftmaxWithLoss
from backprop.networks.copies import copied, moved
from backprop.networks.parameters import Parameters
from backprop.networks.stack import affine_stack
from backprop.numerical import steps
from backprop.numerical.column import Tail, is_known_loss
from backprop.numerical.sweep import loss_changes


class Network:
    """Layers in order and a loss layer. N samples, D inputs, C outputs.

    Parameters
    ----------
    layers : mapping of str to layer
        From the input to the scores. Any object with `forward` and `backward` is a layer; what
        it learns stands in its dictionaries `params` and `grads`.
    last_layer : layer
        `forward(scores, t)` gives the loss.

    Attributes
    ----------
    params : mapping of str to array
        A live view of what the layers hold; the k-th layer with parameters has `Wk`, `bk`.
    backend, dtype
        Those of the first parameter; None in a network without parameters.

    Raises
    ------
    TypeError
        When parameters are not floating, or differ in library, device or dtype.
    ValueError
        When one layer stands in two places.
    """

    backend: Backend | None
    dtype: DType | None

    def __init__(self, layers: Mapping[str, Any], last_layer: Any) -> None:
        self._layers = dict(layers)
        self.last_layer = last_layer
        self._params = Parameters(self._layers)
        self._order = list(self._layers.values())
        learning = [i for i, layer in enumerate(self._order) if getattr(layer, "params", None)]
        self._reversed = self._order[min(learning) :][::-1] if learning else []
        first = next(iter(self._params.values()), None)
        self.backend = None if first is None else backends.of(first)
        self.dtype = None if first is None else first.dtype
        self._check()

    def _check(self) -> None:
        """Raise an error unless each layer is one of its own, and the parameters fit together."""
        seen: dict[int, str] = {}
        for name, layer in self._layers.items():
            if id(layer) in seen:
                raise ValueError(
                    f"each layer must be an object of its own; {name!r} is {seen[id(layer)]!r}"
                )
            seen[id(layer)] = name
        for name, value in self._params.items():
            backends.of(next(iter(self._params.values()))).require(value, name)
            if not isdtype(namespace(value), value.dtype, "real floating"):
                raise TypeError(f"`{name}` must be real floating; got {value.dtype}")
            if value.dtype != self.dtype:
                raise TypeError(
                    f"parameters must have one dtype, {self.dtype}; `{name}` is {value.dtype}"
                )

    @property
    def layers(self) -> Mapping[str, Any]:
        """The layers by name, in order."""
        return MappingProxyType(self._layers)

    @property
    def params(self) -> Parameters:
        """The parameters by name, live: `net.params["W1"] -= lr * grad["W1"]`."""
        return self._params

    @classmethod
    def from_params(
        cls,
        params: Mapping[str, Any],
        activation: str = "relu",
        *,
        last_layer: Any = None,
        dtype: str | DType | None = None,
        backend: str | Backend | None = None,
    ) -> "Network":
        """Return an Affine stack of any depth.

        Parameters
        ----------
        params : mapping of str to array
            `W1, b1, ..., Wn, bn`: weights of shape (D, M), biases of shape (M,). They are copied.
        activation : str
            ``"relu"``, ``"sigmoid"`` or ``"tanh"``, between the Affine layers.
        last_layer : layer, optional
            `SoftmaxWithLoss()` if not given.
        dtype : str or dtype, optional
            That of the arrays if not given.
        backend : Backend or str, optional
            The one that `W1` lives on if not given.

        Raises
        ------
        ValueError
            When a name is missing or unknown, or shapes don't fit.
        """
        depth = max(1, len(params) // 2)
        names = [f"{key}{number}" for number in range(1, depth + 1) for key in ("W", "b")]
        if set(params) != set(names):
            raise ValueError(f"`params` must hold W1, b1, ..., Wn, bn; got {', '.join(params)}")
        if backend is None and hasattr(params["W1"], "dtype"):
            backend = backends.of(params["W1"])
        backend = backends.select(backend)
        copies = {name: copied(params[name], backend, dtype) for name in names}
        return Network(affine_stack(copies, activation), last_layer or SoftmaxWithLoss())

    def predict(self, x: Array) -> Array:
        """Return the scores, shape (N, C), for inputs of shape (N, D) or (N, ...); (C,) for one."""
        x = self._input(x)
        for layer in self._order:
            x = layer.forward(x)
        return x

    def loss(self, x: Array, t: Array) -> Array:
        """Return the mean loss, a 0-d array on the device.

        Parameters
        ----------
        x : array, shape (N, D) or (N, ...) or (D,)
            Inputs of any real dtype; cast to the network's once, here.
        t : array, shape (N,) or (N, 1) or (N, C), or () or (C,) for one sample
            Labels: integers, one-hot or soft.

        Raises
        ------
        TypeError
            When `x` or `t` is of another library or device than the network.
        """
        return self.last_layer.forward(self.predict(x), self._labels(t))

    def accuracy(self, x: Array, t: Array, batch_size: int = 1000) -> float:
        """Return the fraction of samples whose largest score is at the label.

        With one output the label 1 is predicted where the score is positive. Evaluated in
        batches, so that memory stays bounded; waits for the device once.

        Raises
        ------
        TypeError, ValueError
            As `loss` does, and when `batch_size` is less than 1.
        """
        if batch_size < 1:
            raise ValueError(f"`batch_size` must be 1 or more; got {batch_size}")
        t = self._labels(t)
        if x.ndim < 2:
            return float(self._count_correct(x, t))
        count = x.shape[0]
        if count == 0 or t.ndim == 0 or t.shape[0] != count:
            raise ValueError(
                f"`x` and `t` must hold as many samples, 1 or more; got {shape(x)} and {shape(t)}"
            )
        parts = [slice(i, min(i + batch_size, count)) for i in range(0, count, batch_size)]
        correct = [self._count_correct(x[part, ...], t[part, ...]) for part in parts]
        return float(int(sum(correct[1:], correct[0])) / count)

    def _count_correct(self, x: Array, t: Array) -> Array:
        y = labels.batched(self.predict(x))
        xp = namespace(y)
        predicted = xp.argmax(y, axis=1) if y.shape[1] > 1 else xp.astype(y[:, 0] > 0, t.dtype)
        return xp.count_nonzero(predicted == labels.classes(t, y.shape))

    def gradient(self, x: Array, t: Array) -> dict[str, Array]:
        """Return the gradient of the loss by each parameter, by backpropagation."""
        return self.loss_and_gradient(x, t)[1]

    def loss_and_gradient(self, x: Array, t: Array) -> tuple[Array, dict[str, Array]]:
        """Return the loss and its gradient by each parameter, from one forward pass."""
        loss = self.loss(x, t)
        dout = self.last_layer.backward()
        if self._reversed:
            *rest, first = self._reversed
            for layer in rest:
                dout = layer.backward(dout)
            getattr(first, "backward_params", first.backward)(dout)
        return loss, self._params.grads()

    def numerical_gradient(
        self,
        x: Array,
        t: Array,
        step: float | None = None,
        *,
        method: str = "fast",
        memory: int | None = None,
    ) -> dict[str, Array]:
        """Return the gradient of the loss by each parameter, by central differences.

        Evaluated in a float64 copy of the network where library and device have float64; each
        gradient comes in its parameter's dtype.

        Parameters
        ----------
        x, t : array
            Inputs and labels, as in `loss`.
        step : float, optional
            Distance of each of the two evaluations; chosen from the dtype if not given.
        method : str
            ``"fast"`` re-evaluates only what a perturbed parameter reaches, many parameters at a
            time. ``"elementwise"`` is the plain loop of section 4.4: two losses a parameter.
        memory : int, optional
            About how many bytes the fast method may take for a chunk; chosen from the device if
            not given.

        Raises
        ------
        ValueError
            When `method` is neither of the two, or `step` or `memory` is not positive.
        """
        steps.check_step(step)
        if method not in ("fast", "elementwise"):
            raise ValueError(f"`method` must be 'fast' or 'elementwise'; got {method!r}")
        if memory is not None and memory < 1:
            raise ValueError(f"`memory` must be 1 or more bytes; got {memory}")
        if self.backend is None:
            return {}
        wide = self.to(dtype=self.backend.widest)
        h = steps.default_step(x, wide.dtype) if step is None else step
        gradient = {}
        changes = wide.loss_changes(x, t, (h, -h), memory, fast=method == "fast")
        for name, change in changes.items():
            xp, dtype = namespace(change), self.params[name].dtype
            gradient[name] = xp.astype((change[0, ...] - change[1, ...]) / (2 * h), dtype)
        return gradient

    def loss_changes(
        self,
        x: Array,
        t: Array,
        offsets: tuple[float, ...],
        memory: int | None = None,
        fast: bool = True,
    ) -> dict[str, Array]:
        """Return how the loss changes when one parameter does, in the network's own dtype.

        Parameters
        ----------
        x, t : array
            Inputs and labels, as in `loss`.
        offsets : tuple of float
            What is added to a parameter, one offset at a time.
        memory, fast
            As in `numerical_gradient`.

        Returns
        -------
        dict of str to array, shape (len(offsets), *parameter.shape)
        """
        if x.ndim == 1:
            x = namespace(x).reshape(x, (1, -1))
        plain = all(
            getattr(type(self), m) is getattr(Network, m) and m not in vars(self)
            for m in ("predict", "loss")
        )
        tail = None
        if fast and plain and is_known_loss(self.last_layer):
            own, labels_ = self._input(x), self._labels(t)
            tail = Tail(self._order, self.last_layer, _forward, own, labels_)
        return loss_changes(self, lambda: self.loss(x, t), tail, offsets, memory)

    def to(
        self,
        device: str | Backend | None = None,
        library: str | None = None,
        dtype: str | DType | None = None,
    ) -> "Network":
        """Return a copy of the network on another backend or in another dtype.

        This network is left as it is.

        Parameters
        ----------
        device, library : optional
            As `backends.select` takes them; where the network is, if neither is given.
        dtype : str or dtype, optional
            Each parameter's own if not given.

        Raises
        ------
        TypeError
            When the device has no such dtype.
        """
        stay = device is None and library is None and self.backend is not None
        backend = self.backend if stay else backends.select(device, library)
        layers = {name: moved(layer, backend, dtype) for name, layer in self.layers.items()}
        other = copy.copy(self)  # a subclass keeps what it adds
        Network.__init__(other, layers, moved(self.last_layer, backend, dtype))
        return other

    def _input(self, x: Array) -> Array:
        if self.backend is None:
            return x
        self.backend.require(x, "x")
        if x.dtype == self.dtype:
            return x
        if isdtype(namespace(x), x.dtype, "complex floating"):
            raise TypeError(f"`x` must be real; got {x.dtype}")
        return namespace(x).astype(x, self.dtype)

    def _labels(self, t: Any) -> Array:
        """Return labels as an array of the network's backend; arrays must be so already."""
        if self.backend is None:
            return t
        if not hasattr(t, "dtype"):
            return self.backend.asarray(t)
        self.backend.require(t, "t")
        return t


def _forward(layer: Any, x: Array) -> Array:
    return layer.forward(x)
