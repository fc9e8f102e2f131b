"""The training loop: the only place that knows data, network and optimizer (section 4.5)."""

import contextlib
import time
from collections.abc import Callable, Mapping
from typing import Any

import backends
from backends import Array, Backend
from backprop.arguments import whole
from backprop.networks import Network
from backprop.training.batches import Batches
from backprop.training.calls import check_parts, shows_a_right_call
from backprop.training.data import admitted
from backprop.training.history import History
from backprop.training.optimizer import SGD, Optimizer, Updater
from backprop.training.progress import Progress
from backprop.training.tree import copied_tree

_PARTS = ("network", "optimizer", "position", "history")


class Trainer:
    """Mini-batch learning: batches, gradients by backpropagation, optimizer.

    Parameters
    ----------
    net : Network
        Is changed by `fit`.
    optimizer : object with `update(params, grads)`, optional
        `SGD(lr=0.1)` if not given. With `state_dict` and `load_state_dict` (see `Optimizer`) what
        it remembers is part of the trainer's state; without them it is taken to remember nothing.
    batch_size : int
        Samples in a step; the last step of an epoch takes what is left.
    seed : int, optional
        Of the order of the samples: the same on every backend.

    Attributes
    ----------
    history : History
        Of all that `fit` has done.

    Raises
    ------
    TypeError
        When the arguments are others, such as those of the book's class of this name, or the
        network or the optimizer lacks what training needs.
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

    @shows_a_right_call
    def __init__(
        self,
        net: Network,
        optimizer: Updater | None = None,
        batch_size: int = 100,
        seed: int | None = None,
    ) -> None:
        self.net = net
        self.optimizer: Updater = SGD(lr=0.1) if optimizer is None else optimizer
        check_parts(net, self.optimizer)
        self.history = History()
        self._batches = Batches(batch_size, backends.host().rng(seed))

    @property
    def batch_size(self) -> int:
        """Samples in a step; with another one an epoch begins anew."""
        return self._batches.batch_size

    @batch_size.setter
    def batch_size(self, size: int) -> None:
        self._batches.resize(size)

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

        A second call goes on where the first one ended, within its epoch if there are as many
        samples. Ctrl-C ends training, and what there is by then is measured and returned.

        Parameters
        ----------
        train, test : tuple of (x, t)
            Inputs and labels, host data or arrays of any library; moved to the device once.
        iterations, epochs : int
            How much longer; one of them. What is left of an unfinished epoch counts as one.
        progress : bool, optional
            Show a progress bar; if not given, when the output is a terminal.
        on_epoch : callable, optional
            Called with the history after each epoch.

        Returns
        -------
        History
            That of all calls.

        Raises
        ------
        TypeError
            When labels are floating where class numbers belong.
        ValueError
            When neither or both of `iterations` and `epochs` are given, inputs and labels differ
            in number, or a label is out of range.
        """
        train = admitted(self.net, train, "train")
        test = None if test is None else admitted(self.net, test, "test")
        batches, history = self._batches, self.history
        batches.start(train[0].shape[0])
        steps = _steps(iterations, epochs, batches)
        end = len(history.loss) + steps
        start = time.perf_counter() - history.seconds
        history.interrupted = False
        with Progress(steps, progress) as bar:

            def measure() -> None:
                self._measure(train, test)
                history.seconds = time.perf_counter() - start
                bar.report(history)
                if on_epoch is not None:
                    on_epoch(history)

            try:
                while len(history.loss) < end:
                    self._epoch(train, end - len(history.loss), bar)
                    measure()
            except KeyboardInterrupt:
                history.interrupted = True
                if history.iteration[-1:] != [len(history.loss)] and history.loss:
                    with contextlib.suppress(KeyboardInterrupt):
                        measure()
        history.seconds = time.perf_counter() - start
        return history

    def _epoch(self, train: tuple[Array, Array], limit: int, bar: Progress) -> None:
        """Train to the end of the epoch, or for `limit` steps; losses reach the host at once."""
        x, t = train
        xp, backend = backends.namespace(x), self.net.backend or backends.of(x)
        net, optimizer = self.net, self.optimizer
        losses: list[Array] = []
        try:
            for index in self._batches.rest(backend, limit):
                loss, grads = net.loss_and_gradient(
                    xp.take(x, index, axis=0), xp.take(t, index, axis=0)
                )
                optimizer.update(net.params, grads)
                losses.append(loss)
                bar.advance(index.shape[0])
        finally:
            if losses:
                self.history.loss += backends.of(x).to_numpy(xp.stack(losses)).tolist()
                self._batches.advance(len(losses))

    def _measure(self, train: tuple[Array, Array], test: tuple[Array, Array] | None) -> None:
        history = self.history
        accuracies = [self.net.accuracy(*data) for data in (train, test) if data is not None]
        history.train_accuracy.append(accuracies[0])
        history.test_accuracy += accuracies[1:]
        history.iteration.append(len(history.loss))
        history.epoch.append(self._batches.epochs)

    def state_dict(self) -> dict[str, Any]:
        """Return all that the rest of the training depends on, beside the data.

        Dictionaries and lists of arrays, numbers and strings, which later training does not
        change: `network`, `optimizer`, `position` in the data and `history`.
        """
        optimizer = self.optimizer
        remembered = optimizer.state_dict() if isinstance(optimizer, Optimizer) else {}
        return {
            "network": self.net.state_dict(),
            "optimizer": copied_tree(remembered, self._backend),
            "position": self._batches.state_dict(),
            "history": self.history.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Put in a state: `fit` then goes on where that was taken.

        Parameters
        ----------
        state : mapping
            What `state_dict` gave for such a network and optimizer, in this process or another, on
            this backend or another; its arrays may be NumPy's. `batch_size` comes with it.

        Raises
        ------
        TypeError, ValueError
            When it is another network's or optimizer's state; then nothing is changed.
        """
        if set(state) != set(_PARTS):
            raise ValueError(f"`state` must hold {', '.join(_PARTS)}; got {', '.join(state)}")
        history = History.from_state_dict(state["history"])
        batches = Batches(1, backends.host().rng())
        batches.load_state_dict(state["position"])
        before = self.net.state_dict()
        self.net.load_state_dict(state["network"])
        try:
            self._load_optimizer(copied_tree(state["optimizer"], self._backend))
        except BaseException:
            self.net.load_state_dict(before)
            raise
        self.history, self._batches = history, batches

    def _load_optimizer(self, remembered: dict[str, Any]) -> None:
        if isinstance(self.optimizer, Optimizer):
            self.optimizer.load_state_dict(remembered)
        elif remembered:
            raise TypeError(
                f"`optimizer` must have state_dict and load_state_dict, to take "
                f"{', '.join(remembered)}; got {type(self.optimizer).__name__}"
            )

    @property
    def _backend(self) -> Backend:
        return self.net.backend or backends.host()


def _steps(iterations: int | None, epochs: int | None, batches: Batches) -> int:
    """Return how many steps are asked for."""
    if (iterations is None) == (epochs is None):
        raise ValueError(
            f"one of `iterations` and `epochs` must be given; got {iterations}, {epochs}"
        )
    if iterations is not None:
        return whole("iterations", iterations)
    return whole("epochs", epochs) * len(batches) - batches.done
