"""The general network: layers in order, and a layer that ends them in a loss (section 5.7)."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from backends import Array, Backend, DType
from backprop import labels
from backprop.arrays import shape
from backprop.layers import SoftmaxWithLoss, training_argument
from backprop.networks import decay, numerically
from backprop.networks.classes import predicted_classes, share_of
from backprop.networks.container import Container
from backprop.networks.stack import copied_stack


class Network(Container):
    """Layers in order and a loss layer. N samples, D inputs, C outputs.

    Parameters
    ----------
    layers : mapping of str to layer
        From the input to the scores. Any object with `forward` and `backward` is a layer; what
        it learns stands in its dictionaries `params` and `grads`, what else it keeps in `state`.
    last_layer : layer
        `forward(scores, t)` gives the loss.

    Attributes
    ----------
    params : mapping of str to array
        A live view of what the layers hold; the k-th layer with a `W` has `Wk`.
    backend, dtype
        Those of the parameters; None in a network without parameters.
    weight_decay_lambda : float
        λ: the loss counts ½ λ Σ W² too, over all weights `W`, and its gradient λ W; 0 at first.

    Raises
    ------
    TypeError
        When parameters are not floating, or differ in library, device or dtype.
    ValueError
        When one layer stands in two places.

    Notes
    -----
    A layer whose `forward` takes `training`, or `train_flg`, is told whether the network trains: in
    the three gradients it does, else not, unless `training=` says otherwise.
    """

    weight_decay_lambda = 0.0

    def _set_up(self) -> None:
        super()._set_up()
        needed = self._last_mode or any(mode for _, mode in self._runs)
        # a subclass's own method may lack the argument where no layer needs it
        self._tells_predict = bool(needed or training_argument(self.predict))
        self._tells_loss = bool(needed or training_argument(self.loss))

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
        layers = copied_stack(params, activation, backend, dtype)
        return Network(layers, last_layer or SoftmaxWithLoss())

    def predict(self, x: Array, *, training: bool = False) -> Array:
        """Return the scores, shape (N, C), for inputs of shape (N, D) or (N, ...); (C,) for one."""
        x = self._input(x)
        for layer, mode in self._runs:
            x = layer.forward(x) if mode is None else layer.forward(x, **{mode: training})
        return x

    def loss(self, x: Array, t: Array, *, training: bool = False) -> Array:
        """Return the mean loss, a 0-d array on the device.

        Parameters
        ----------
        x : array, shape (N, D) or (N, ...) or (D,)
            Inputs of any real dtype; cast to the network's once, here.
        t : array, shape (N,) or (N, 1) or (N, C), or () or (C,) for one sample
            Labels: integers, one-hot or soft.
        training : bool
            Whether layers that behave differently in training do so.

        Raises
        ------
        TypeError
            When `x` or `t` is of another library or device than the network.
        """
        told = training and self._tells_predict
        y = self.predict(x, training=True) if told else self.predict(x)
        mode = {} if self._last_mode is None else {self._last_mode: training}
        loss = self._last_layer.forward(y, self._labels(t), **mode)
        return loss + decay.penalty(self) if self.weight_decay_lambda else loss

    def training_loss(self, x: Array, t: Array) -> Array:
        """Return the loss as training sees it: the function that `gradient` differentiates."""
        return self.loss(x, t, training=True) if self._tells_loss else self.loss(x, t)

    def classify(self, x: Array, batch_size: int = 1000, *, training: bool = False) -> Array:
        """Return the class number of each sample, shape (N,); () for one.

        It is that of the largest score; with one output it is 1 where the score is positive.
        Evaluated in batches, so that memory stays bounded.

        Raises
        ------
        ValueError
            When there is no sample, or `batch_size` is less than 1.
        """
        classes, _ = self._classes(x, batch_size, training)
        return classes if x.ndim > 1 else classes[0, ...]

    def accuracy(
        self, x: Array, t: Array, batch_size: int = 1000, *, training: bool = False
    ) -> float:
        """Return the fraction of samples that `classify` gives the label of; waits once.

        Raises
        ------
        TypeError, ValueError
            As `loss` and `classify` do.
        """
        t = self._labels(t)
        count = x.shape[0] if x.ndim > 1 else 1
        if x.ndim > 1 and (count == 0 or t.ndim == 0 or t.shape[0] != count):
            raise ValueError(
                f"`x` and `t` must hold as many samples, 1 or more; got {shape(x)} and {shape(t)}"
            )
        classes, outputs = self._classes(x, batch_size, training)
        return share_of(classes, labels.classes(t, (count, outputs)))

    def _classes(self, x: Array, batch_size: int, training: bool) -> tuple[Array, int]:
        predict = partial(self.predict, training=True) if training else self.predict
        return predicted_classes(predict, x, batch_size)

    def gradient(self, x: Array, t: Array, *, training: bool = True) -> dict[str, Array]:
        """Return the gradient of the loss by each parameter, by backpropagation."""
        return self.loss_and_gradient(x, t, training=training)[1]

    def loss_and_gradient(
        self, x: Array, t: Array, *, training: bool = True
    ) -> tuple[Array, dict[str, Array]]:
        """Return the loss and its gradient by each parameter, from one forward pass."""
        loss = self.training_loss(x, t) if training else self.loss(x, t)
        dout = self._last_layer.backward()
        if self._way_back:
            *rest, first = self._way_back
            for layer in rest:
                dout = layer.backward(dout)
            getattr(first, "backward_params", first.backward)(dout)
        for random in self.random:
            random.step += training
        grads = self._params.grads()
        return loss, decay.added(self, grads) if self.weight_decay_lambda else grads

    def numerical_gradient(
        self,
        x: Array,
        t: Array,
        step: float | None = None,
        *,
        training: bool = True,
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
        training : bool
            Whether layers that behave differently in training do so, as in `gradient`.
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
        return numerically.gradient(self, x, t, step, training, method, memory)

    def loss_changes(
        self,
        x: Array,
        t: Array,
        offsets: tuple[float, ...],
        *,
        training: bool = True,
        fast: bool = True,
        memory: int | None = None,
    ) -> dict[str, Array]:
        """Return by how much the loss of a copy changes for each offset: shape `(O, *shape)`."""
        plain = all(
            getattr(type(self), m) is getattr(Network, m) and m not in vars(self)
            for m in ("predict", "loss")
        )
        return numerically.loss_changes(self, x, t, offsets, training, fast and plain, memory)

    def run(self) -> list[tuple[Any, str | None]]:
        """Return the layers in order, each with its argument for whether it trains."""
        return list(self._runs)
