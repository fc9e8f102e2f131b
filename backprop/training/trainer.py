"""The training loop: the only place that knows data, network and optimizer (section 4.5)."""

import contextlib
import time
from collections.abc import Callable
from typing import Any

import backends
from backends import Array, Backend
from backprop import labels
from backprop.arrays import shape
from backprop.layers.loss import LossLayer
from backprop.networks import Network
from backprop.training.batches import Batches
from backprop.training.history import History
from backprop.training.optimizer import SGD, Optimizer
from backprop.training.progress import Progress


class Trainer:
    """Mini-batch learning: batches, gradients by backpropagation, optimizer.

    Parameters
    ----------
    net : Network
        Is changed by `fit`.
    optimizer : Optimizer, optional
        `SGD(lr=0.1)` if not given.
    batch_size : int
        Samples in a step; the last step of an epoch takes what is left.
    seed : int, optional
        Of the order of the samples: the same on every backend. A second `fit` goes on with it.

    Raises
    ------
    ValueError
        When `batch_size` is less than 1.

    Examples
    --------
    >>> import numpy as np
    >>> from backprop import TwoLayerNet
    >>> net = TwoLayerNet(2, 8, 2, backend="cpu", seed=0, weight_init_std=1.0)
    >>> x = np.random.default_rng(0).standard_normal((500, 2))
    >>> history = Trainer(net, SGD(lr=0.5), seed=0).fit((x, (x[:, 0] > x[:, 1]) + 0), epochs=5)
    >>> history.train_accuracy[-1] > 0.95
    True
    """

    def __init__(
        self,
        net: Network,
        optimizer: Optimizer | None = None,
        batch_size: int = 100,
        seed: int | None = None,
    ) -> None:
        if batch_size < 1:
            raise ValueError(f"`batch_size` must be 1 or more; got {batch_size}")
        self.net = net
        self.optimizer = SGD(lr=0.1) if optimizer is None else optimizer
        self.batch_size = batch_size
        self._rng = backends.host().rng(seed)

    def fit(
        self,
        train: tuple[Any, Any],
        test: tuple[Any, Any] | None = None,
        *,
        iterations: int | None = None,
        epochs: int | None = None,
        progress: bool | None = None,
        on_epoch: Callable[[History], None] | None = None,
    ) -> History:
        """Train, and measure the accuracy after each epoch and at the end.

        Ctrl-C ends training, and what there is by then is measured and returned.

        Parameters
        ----------
        train, test : tuple of (x, t)
            Inputs and labels, host data or arrays of any library; moved to the device once.
        iterations, epochs : int
            How long; one of them.
        progress : bool, optional
            Show a progress bar; if not given, when the output is a terminal.
        on_epoch : callable, optional
            Called with the history after each epoch.

        Returns
        -------
        History

        Raises
        ------
        TypeError
            When labels are floating where class numbers belong.
        ValueError
            When neither or both of `iterations` and `epochs` are given, inputs and labels differ
            in number, or a label is out of range.
        """
        train = self._admit(train, "train")
        test = None if test is None else self._admit(test, "test")
        backend = self.net.backend or backends.of(train[0])
        batches = Batches(train[0].shape[0], self.batch_size, backend, self._rng)
        total = _iterations(iterations, epochs, len(batches))
        history = History()
        start = time.perf_counter()
        with Progress(total, progress) as bar:

            def measure() -> None:
                self._measure(train, test, history, len(batches))
                history.seconds = time.perf_counter() - start
                bar.report(history)
                if on_epoch is not None:
                    on_epoch(history)

            try:
                while len(history.loss) < total:
                    self._epoch(train, batches, history, total, bar)
                    measure()
            except KeyboardInterrupt:
                history.interrupted = True
                if history.iteration[-1:] != [len(history.loss)] and history.loss:
                    with contextlib.suppress(KeyboardInterrupt):
                        measure()
        history.seconds = time.perf_counter() - start
        return history

    def _epoch(
        self,
        train: tuple[Array, Array],
        batches: Batches,
        history: History,
        total: int,
        bar: Progress,
    ) -> None:
        """Train for one epoch, or to the end; the losses come back to the host at once."""
        x, t = train
        xp = backends.namespace(x)
        net, optimizer = self.net, self.optimizer
        losses: list[Array] = []
        try:
            for index in batches.epoch(total - len(history.loss)):
                loss, grads = net.loss_and_gradient(
                    xp.take(x, index, axis=0), xp.take(t, index, axis=0)
                )
                optimizer.update(net.params, grads)
                losses.append(loss)
                bar.advance(index.shape[0])
        finally:
            if losses:
                history.loss += backends.of(x).to_numpy(xp.stack(losses)).tolist()

    def _measure(
        self,
        train: tuple[Array, Array],
        test: tuple[Array, Array] | None,
        history: History,
        iterations_per_epoch: int,
    ) -> None:
        accuracies = [self.net.accuracy(*data) for data in (train, test) if data is not None]
        history.train_accuracy.append(accuracies[0])
        history.test_accuracy += accuracies[1:]
        history.iteration.append(len(history.loss))
        history.epoch.append(len(history.loss) / iterations_per_epoch)

    def _admit(self, data: tuple[Any, Any], name: str) -> tuple[Array, Array]:
        """Return a data set on the network's device and in its dtype, with its labels checked."""
        x, t = data
        backend, dtype = self.net.backend, self.net.dtype
        if backend is not None:
            x, t = _moved(x, backend), _moved(t, backend)
            x = x if x.dtype == dtype else backend.xp.astype(x, dtype)
        if x.ndim < 2 or t.ndim < 1 or x.shape[0] != t.shape[0] or x.shape[0] == 0:
            raise ValueError(
                f"`{name}` must be inputs (N, ...) and N >= 1 labels; got {shape(x)} and {shape(t)}"
            )
        y_shape = (x.shape[0], self.net.predict(x[:1, ...]).shape[-1])
        if isinstance(self.net.last_layer, LossLayer) and labels.are_classes(t, y_shape):
            labels.check_range(t, y_shape[1])
        return x, t


def _moved(data: Any, backend: Backend) -> Array:
    return data if backend.holds(data) else backend.asarray(data)


def _iterations(iterations: int | None, epochs: int | None, per_epoch: int) -> int:
    if (iterations is None) == (epochs is None):
        raise ValueError(
            f"one of `iterations` and `epochs` must be given; got {iterations}, {epochs}"
        )
    total = iterations if iterations is not None else (epochs or 0) * per_epoch
    if total < 1:
        raise ValueError(f"`iterations` or `epochs` must be 1 or more; got {iterations or epochs}")
    return total
