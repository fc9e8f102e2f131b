"""The general network: layers in order, and a layer that ends them in a loss (section 5.7)."""

from collections.abc import Callable, Mapping
from threading import get_ident
from typing import Any

from backends import Array, ArrayIn, Backend, FloatDType
from backprop.layers import Layer, SoftmaxWithLoss
from backprop.layers.activation import ActivationName
from backprop.layers.layer import keeps
from backprop.layers.loss import is_known_loss
from backprop.networks import decay, numerically
from backprop.networks.predictor import Predictor
from backprop.networks.stack import copied_stack
from backprop.networks.watch import Watch
from backprop.parallel import Communicator


class Network(Predictor):
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
    backend : Backend or None
        Where the parameters are; None without any. `dtype` is theirs.

    Raises
    ------
    TypeError
        When parameters are not floating, or differ in library, device or dtype.
    ValueError
        When one layer, or one array that is learnt, stands in two places.

    Notes
    -----
    A layer whose `forward` takes `training`, or `train_flg`, is told whether the network trains: in
    the three gradients it does, else not, unless `training=` says otherwise.

    Where a network does not train, its layers keep nothing for `backward`: any number of threads
    may `predict`, also while one takes gradients or trains. `loss(x, t, training=True)` keeps it.
    """

    @classmethod
    def from_params(
        cls,
        params: Mapping[str, Any],
        activation: ActivationName = "relu",
        *,
        last_layer: Any = None,
        dtype: FloatDType | None = None,
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

    def gradient(self, x: ArrayIn, t: ArrayIn, *, training: bool = True) -> dict[str, Array]:
        """Return the gradient with respect to each parameter, by backpropagation.

        The loss itself is computed only where somebody's own method or layer does so.

        Raises
        ------
        RuntimeError
            When another thread takes a gradient or trains.
        TypeError
            When a layer turns out to hold elsewhere than in its `params` what it learns.
        """
        own = keeps(self, Network, "loss", "training_loss", "loss_and_gradient")
        if own and is_known_loss(self._last_layer):
            return self._gradient(lambda: self._prepare_loss(x, t, training), training)[1]
        return self.loss_and_gradient(x, t, training=training)[1]

    def loss_and_gradient(
        self, x: ArrayIn, t: ArrayIn, *, training: bool = True
    ) -> tuple[Array, dict[str, Array]]:
        """Return the loss and its gradient with respect to each parameter, by one forward pass.

        Raises
        ------
        RuntimeError
            When another thread takes a gradient or trains.
        TypeError
            As `gradient` does.
        """
        loss = self.training_loss if training else self.loss
        return self._gradient(lambda: loss(x, t), training)

    def _gradient(
        self, forward: Callable[[], Array], training: bool
    ) -> tuple[Array, dict[str, Array]]:
        """Return what a forward pass gives, and the gradients, going back from where it led."""
        exclusive = self.exclusive
        if not exclusive.acquire(False):
            exclusive.refuse()
        try:
            with exclusive.step:
                return self._forth_and_back(forward, training)
        finally:
            exclusive.release()

    def _forth_and_back(
        self, forward: Callable[[], Array], training: bool
    ) -> tuple[Array, dict[str, Array]]:
        try:
            # what this thread's forward passes keep is for this
            self._keeper = get_ident()
            watch = Watch(self._layers) if self._unwatched else None
            result = forward()
            self._take_in()
            dout = self._last_layer.backward()
            if watch is not None:
                watch.back(self._first, dout)
                self._unwatched -= 1
            else:
                for layer in self._way_back:
                    dout = layer.backward(dout)
                    if isinstance(layer, Layer):
                        layer.cache = None  # so that the next one's gradient can take its place
                first = self._first
                if first is not None:
                    getattr(first, "backward_params", first.backward)(dout)
            for random in self.random if training else ():
                random.advance()
            grads = self._params.grads()
            return result, decay.added(self, grads) if self.weight_decay_lambda else grads
        finally:
            self._keeper = None
            for own in self._caching:
                own.cache = None

    def numerical_gradient(
        self,
        x: ArrayIn,
        t: ArrayIn,
        step: float | None = None,
        *,
        training: bool = True,
        method: str = "fast",
        memory: int | None = None,
        communicator: Communicator | None = None,
    ) -> dict[str, Array]:
        """Return the gradient with respect to each parameter, by central differences.

        Evaluated in a float64 copy of the network where library and device have float64; each
        gradient comes in its parameter's dtype. A layer that draws by a generator of its own, be it
        NumPy's or Python's, draws the same each time, and each time from the state that is there
        now.

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
        communicator : Communicator, optional
            Several processes share the evaluations: all of them call this on the same network and
            data, and get the same gradient; see `backprop.parallel`.

        Raises
        ------
        ValueError
            When `method` is neither of the two, or `step` or `memory` is not positive.
        """
        return numerically.gradient(self, x, t, step, training, method, memory, communicator)

    def loss_changes(
        self,
        x: ArrayIn,
        t: ArrayIn,
        offsets: tuple[float, ...],
        *,
        training: bool = True,
        fast: bool = True,
        memory: int | None = None,
        communicator: Communicator | None = None,
    ) -> dict[str, Array]:
        """Return by how much the loss of a copy changes for each offset: shape `(O, *shape)`."""
        fast = fast and keeps(self, Network, "predict", "loss")
        return numerically.loss_changes(self, x, t, offsets, training, fast, memory, communicator)
