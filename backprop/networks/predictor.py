"""What a network computes from its layers: scores, loss, classes and accuracy."""

from contextlib import nullcontext
from functools import partial
from threading import get_ident

from backends import Array, ArrayIn, is_host
from backprop import labels
from backprop.arguments import at_least_0
from backprop.arrays import shape
from backprop.finite import check_finite
from backprop.layers import training_argument
from backprop.networks import decay
from backprop.networks.classes import Classes, predicted_classes, share_of
from backprop.networks.container import Container
from backprop.networks.inference import for_one_pass

_OPEN = nullcontext()  # for the thread that takes a step: its arrays are its own


class Predictor(Container):
    """Layers that are run forward; base of `Network`, which also goes back.

    Where they do not train, they keep nothing for `backward`, but for the thread that is taking a
    gradient: any number of threads may predict.

    Attributes
    ----------
    weight_decay_lambda : float
        λ: the loss counts ½ λ Σ W² too, over all weights `W`, and its gradient λ W; 0 at first.
    """

    _decay = 0.0

    @property
    def weight_decay_lambda(self) -> float:
        """λ, 0 or more."""
        return self._decay

    @weight_decay_lambda.setter
    def weight_decay_lambda(self, value: float) -> None:
        self._decay = at_least_0("weight_decay_lambda", value)

    def _set_up(self) -> None:
        super()._set_up()
        needed = self._last_mode or any(mode for _, mode in self._runs)
        # a subclass's own method may lack the argument where no layer needs it
        self._tells_predict = bool(needed or training_argument(self.predict))
        self._tells_loss = bool(needed or training_argument(self.loss))

    def predict(self, x: ArrayIn, *, training: bool = False) -> Array:
        """Return the scores, shape (N, C), for inputs of shape (N, D) or (N, ...); (C,) for one."""
        y, runs, steps = self._input(x), self._runs, self._keeper == get_ident()
        if not training and not steps:
            runs = [(for_one_pass(layer), mode) for layer, mode in runs]
        with _OPEN if steps else self.exclusive.reading():
            for layer, mode in runs:
                y = layer.forward(y) if mode is None else layer.forward(y, **{mode: training})
        return y

    def probabilities(self, x: ArrayIn) -> Array:
        """Return what `predict` gives as probabilities, in its shape: softmax or sigmoid of scores.

        Raises
        ------
        TypeError
            When the loss layer knows no probabilities, as that of a regression.
        ValueError
            When it is SoftmaxWithLoss, and there is one output only.
        """
        to_probabilities = getattr(self._last_layer, "probabilities", None)
        if to_probabilities is None:
            raise TypeError(
                "the loss layer must have `probabilities`, as SoftmaxWithLoss and SigmoidWithLoss "
                f"have; got {type(self._last_layer).__name__}"
            )
        return to_probabilities(self.predict(x))

    def loss(self, x: ArrayIn, t: ArrayIn, *, training: bool = False) -> Array:
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
        y, t = self._scores(x, training), self._labels(t)
        last, steps = self._last_layer, self._keeper == get_ident()
        if not training and not steps:
            last = for_one_pass(last)
        mode = {} if self._last_mode is None else {self._last_mode: training}
        with _OPEN if steps else self.exclusive.reading():
            loss = last.forward(y, t, **mode)
            return loss + decay.penalty(self) if self.weight_decay_lambda else loss

    def _scores(self, x: ArrayIn, training: bool) -> Array:
        """Return what `predict` gives, which is told of training where a layer asks."""
        told = training and self._tells_predict
        return self.predict(x, training=True) if told else self.predict(x)

    def _prepare_loss(self, x: ArrayIn, t: ArrayIn, training: bool) -> None:
        """Run all layers as `loss` does, but compute no loss, whose layer must be a known one."""
        y = self._scores(x, training)
        self._last_layer.prepare(y, self._labels(t))

    def training_loss(self, x: ArrayIn, t: ArrayIn) -> Array:
        """Return the loss as training sees it: the function that `gradient` differentiates."""
        return self.loss(x, t, training=True) if self._tells_loss else self.loss(x, t)

    def classify(self, x: ArrayIn, batch_size: int = 1000, *, training: bool = False) -> Array:
        """Return the class number of each sample, shape (N,); () for one.

        It is that of the largest score; with one output, as of SigmoidWithLoss, it is 1 where the
        score is positive.
        Evaluated in batches, so that memory stays bounded.

        Raises
        ------
        NotFiniteError
            When the scores of a sample are nan; on host arrays only, as it waits for the device.
        TypeError
            When `x` is no array, or of another library or device than the network.
        ValueError
            When there is no sample, `batch_size` is less than 1, or the loss layer is none of so
            many outputs.
        """
        self._check_input(x)
        classes = self._classes(x, batch_size, training)
        if is_host(classes.numbers):
            classes.check()
        return classes.numbers if x.ndim > 1 else classes.numbers[0, ...]

    def accuracy(
        self, x: ArrayIn, t: ArrayIn, batch_size: int = 1000, *, training: bool = False
    ) -> float:
        """Return the fraction of samples that `classify` gives the label of; waits once.

        Raises
        ------
        NotFiniteError
            When scores or soft labels are nan: of such there is no accuracy.
        TypeError, ValueError
            As `loss` and `classify` do.
        """
        self._check_input(x)
        t = self._labels(t)
        count = x.shape[0] if x.ndim > 1 else 1
        if x.ndim > 1 and (count == 0 or t.ndim == 0 or t.shape[0] != count):
            raise ValueError(
                f"`x` and `t` must hold as many samples, 1 or more; got {shape(x)} and {shape(t)}"
            )
        check_finite(t, "t")
        classes = self._classes(x, batch_size, training)
        return share_of(classes, labels.classes(t, (count, classes.outputs)))

    def _classes(self, x: ArrayIn, batch_size: int, training: bool) -> Classes:
        predict = partial(self.predict, training=True) if training else self.predict
        classes = predicted_classes(predict, x, batch_size)
        check_outputs = getattr(self._last_layer, "check_outputs", None)
        if check_outputs is not None:  # that of a loss layer of one's own may not be there
            check_outputs(classes.outputs)
        return classes
