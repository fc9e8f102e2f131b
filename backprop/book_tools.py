"""What the book's programs of chapters 6 to 8 need beside the library: `common.trainer` and `util`.

`backprop.book` hands it on. The layer and the networks here differ from the library's in what a
program typed from the book relies on: unscaled dropout, and parameters in files by name.
"""

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

import backends
from backends import Array, namespace
from backprop import labels, layers, networks
from backprop.arrays import as_array
from backprop.finite import NotFiniteError
from backprop.storage import load_params, save_params
from backprop.training import SGD, AdaGrad, Adam, Momentum, Nesterov, RMSprop, Updater

OPTIMIZERS: dict[str, Any] = {
    "sgd": SGD,
    "momentum": Momentum,
    "nesterov": Nesterov,
    "adagrad": AdaGrad,
    "rmsprop": RMSprop,
    "adam": Adam,
}
"""Optimizers by the names that the book's trainer takes."""


class Dropout(layers.Dropout):
    """The book's dropout: nothing is scaled in training, and all by 1 - ratio afterwards."""

    def __init__(self, dropout_ratio: float = 0.5, seed: int | None = None) -> None:
        super().__init__(dropout_ratio, seed, inverted=False)

    def forward(self, x: Array, train_flg: bool = True) -> Array:
        """Return `x` with a part of its entries 0 in training; else x (1 - ratio)."""
        return super().forward(x, train_flg)


class BatchNormalization(layers.BatchNormalization):
    """Batch normalization that trains unless it is told otherwise, as the book's does."""

    def forward(self, x: Array, train_flg: bool = True) -> Array:
        """Return γ x̂ + β."""
        return super().forward(x, train_flg)


class _Told(networks.Network):
    def predict(self, x: Array, train_flg: bool = False, *, training: bool = False) -> Array:
        """Return the scores; `train_flg` is the book's name of `training`."""
        return super().predict(x, training=train_flg or training)


class MultiLayerNetExtend(_Told, networks.MultiLayerNetExtend):
    """The network of section 6.3, told by `train_flg`, and with an accuracy whatever becomes of it.

    Without batch normalization and with weights of standard deviation 1 it diverges, and the book
    goes on to the next.
    """

    def loss(self, x: Array, t: Array, train_flg: bool = False, *, training: bool = False) -> Array:
        """Return the mean loss, and the weights' decay."""
        return super().loss(x, t, training=train_flg or training)

    def accuracy(
        self, x: Array, t: Array, batch_size: int = 1000, *, training: bool = False
    ) -> float:
        """Return the share of right answers; of scores that are nan the first nan is the answer."""
        try:
            return super().accuracy(x, t, batch_size, training=training)
        except NotFiniteError:
            y = self.predict(x, training=training)
            to_numpy, right = backends.of(y).to_numpy, labels.classes(self._labels(t), y.shape)
            return float(np.mean(np.argmax(to_numpy(y), axis=1) == to_numpy(right)))


class _BooksOwn(_Told):
    def save_params(self, file_name: str | os.PathLike[str] = "params.pkl") -> None:
        """Write the parameters, as `backprop.save_params` does: no pickle, whatever the name."""
        save_params(file_name, self.state_dict())

    def load_params(self, file_name: str | os.PathLike[str] = "params.pkl") -> None:
        """Read the parameters, also the book's pickles."""
        self.load_state_dict(load_params(file_name)[0])


class SimpleConvNet(_BooksOwn, networks.SimpleConvNet):
    """The library's network, with the book's `save_params` and `load_params`."""


class DeepConvNet(_BooksOwn, networks.DeepConvNet):
    """The library's network, with the book's `save_params` and `load_params`."""


class Trainer:
    """The book's trainer (`common.trainer`): batches drawn anew each step, an epoch a measure.

    `backprop.Trainer` takes each sample once an epoch instead, and can be stopped and go on.

    Parameters
    ----------
    network : object with `gradient`, `loss`, `accuracy` and `params`
        A network of the library or of the reader's.
    x_train, t_train, x_test, t_test : array
        Inputs and labels, where the network is.
    epochs, mini_batch_size : int
        How long, and how many samples in a step.
    optimizer : str
        One of `OPTIMIZERS`, in capital or small letters.
    optimizer_param : mapping
        Its arguments.
    evaluate_sample_num_per_epoch : int, optional
        How many samples, from the first, accuracy is measured on; all if not given.
    verbose : bool
        Whether to print losses and accuracies.

    Raises
    ------
    ValueError
        When there is no such optimizer.
    """

    def __init__(
        self,
        network: Any,
        x_train: Array,
        t_train: Array,
        x_test: Array,
        t_test: Array,
        epochs: int = 20,
        mini_batch_size: int = 100,
        optimizer: str = "SGD",
        optimizer_param: Mapping[str, Any] | None = None,
        evaluate_sample_num_per_epoch: int | None = None,
        verbose: bool = True,
    ) -> None:
        if optimizer.lower() not in OPTIMIZERS:
            raise ValueError(
                f"`optimizer` must be one of {', '.join(OPTIMIZERS)}; got {optimizer!r}"
            )
        self.network, self.verbose = network, verbose
        self.data, self.test = (x_train, t_train), (x_test, t_test)
        self.batch_size = mini_batch_size
        self.optimizer: Updater = OPTIMIZERS[optimizer.lower()](**(optimizer_param or {"lr": 0.01}))
        self.measured = slice(evaluate_sample_num_per_epoch)
        self.iter_per_epoch = max(x_train.shape[0] / mini_batch_size, 1)
        self.max_iter = int(epochs * self.iter_per_epoch)
        self.current_iter = self.current_epoch = 0
        self.train_loss_list: list[Any] = []
        self.train_acc_list: list[float] = []
        self.test_acc_list: list[float] = []

    def train_step(self) -> None:
        """Learn from one batch; measure the accuracies once an epoch."""
        x, t = self.data
        xp = namespace(x)
        index = as_array(np.random.choice(x.shape[0], self.batch_size))  # noqa: NPY002 - the book's
        index = xp.asarray(index.tolist())
        x_batch, t_batch = xp.take(x, index, axis=0), xp.take(t, index, axis=0)
        grads = self.network.gradient(x_batch, t_batch)
        self.optimizer.update(self.network.params, grads)
        loss = self.network.loss(x_batch, t_batch)
        self.train_loss_list.append(loss)
        self._print(f"train loss:{loss}")
        if self.current_iter % self.iter_per_epoch == 0:
            self.current_epoch += 1
            train, test = (
                self.network.accuracy(x[self.measured, ...], t[self.measured, ...])
                for x, t in (self.data, self.test)
            )
            self.train_acc_list.append(train)
            self.test_acc_list.append(test)
            self._print(f"=== epoch:{self.current_epoch}, train acc:{train}, test acc:{test} ===")
        self.current_iter += 1

    def train(self) -> None:
        """Learn for all epochs."""
        for _ in range(self.max_iter):
            self.train_step()
        self._print("=============== Final Test Accuracy ===============")
        self._print(f"test acc:{self.network.accuracy(*self.test)}")

    def _print(self, line: str) -> None:
        if self.verbose:
            print(line)


def smooth_curve(x: Any) -> NDArray[Any]:
    """Return a curve smoothed over 11 points by a Kaiser window, as long as it was.

    At both ends the curve goes on mirrored, and at the right one its last point comes twice, as in
    the book.
    """
    values = np.asarray([float(v) for v in x])
    window = np.kaiser(11, 2)
    if values.size < 2:
        return values
    longer = np.pad(np.pad(values, (5, 0), mode="reflect"), (0, 5), mode="symmetric")
    return np.convolve(longer, window / window.sum(), mode="valid")


def shuffle_dataset(x: Any, t: Any) -> tuple[Any, Any]:
    """Return inputs and labels in a new order, drawn by NumPy's global generator as in the book."""
    order = np.random.permutation(x.shape[0])  # noqa: NPY002 - the book's
    return x[order], t[order]
