"""The training loop: the only place that knows data, network and optimizer (section 4.5)."""

import os
import signal
from collections.abc import Callable
from typing import Literal

import backends
from backends import Array
from backprop.arguments import whole
from backprop.networks import Network
from backprop.parallel import Communicator
from backprop.training import summary
from backprop.training.admission import warn_of_pixels
from backprop.training.batches import Batches
from backprop.training.calls import (
    check_functions,
    check_on_nan,
    check_parts,
    shows_a_right_call,
)
from backprop.training.checkpoints import Checkpoints
from backprop.training.data import Samples
from backprop.training.data_sets import data_set
from backprop.training.history import History
from backprop.training.interruption import ALL, INTERRUPT, Interruption
from backprop.training.optimizer import Updater
from backprop.training.progress import Progress
from backprop.training.ranks import Ranks
from backprop.training.resumable import Resumable
from backprop.training.run import Run
from backprop.training.sgd import SGD
from backprop.training.step import Compiler, plain_step
from backprop.training.team import Alone, Team


class Trainer(Resumable):
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
    on_nan : str
        What happens when a loss or a parameter is not finite at the end of an epoch: ``"stop"``
        raises a NotFiniteError, ``"warn"`` warns and goes on, ``"ignore"`` goes on. No checkpoint
        is written of such an epoch.
    augment : callable, optional
        Takes the inputs of each step, on their device, and returns those to learn from, such as
        `Augment`. Accuracies are measured without it. If it holds a generator of random numbers,
        where that is becomes part of the trainer's state.
    compile : bool
        Whether loss, gradients and optimizer are compiled into one step, once for each size of a
        batch: on JAX, and as a graph on PyTorch's CUDA devices. Elsewhere nothing changes. Layers
        and optimizer must be the library's own. The arrays of the network change their place with
        each step: `net.state_dict()` keeps copies.
    communicator : Communicator, optional
        Several processes train the network together, each on its share of every batch: all of them
        make such a trainer and call `fit` with the same data. They begin with what process 0 has,
        which alone writes checkpoints and shows progress. `backprop.parallel.world()` returns that
        of MPI.

    Attributes
    ----------
    history : History
        Of all that `fit` has done.
    batches : Batches
        How far it has come in the data.

    Raises
    ------
    TypeError
        When the arguments are others, such as those of the book's class of this name, or the
        network or the optimizer lacks what training needs, also to be compiled.
    ValueError
        When `batch_size` is less than 1, or `on_nan` is another word, or with `compile` a
        communicator is given.

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
        *,
        on_nan: Literal["stop", "warn", "ignore"] = "stop",
        augment: Callable[[Array], Array] | None = None,
        compile: bool = False,
        communicator: Communicator | None = None,
    ) -> None:
        self.net = net
        self.optimizer: Updater = SGD(lr=0.1) if optimizer is None else optimizer
        check_parts(net, self.optimizer)
        check_on_nan(on_nan)
        if augment is not None and not callable(augment):
            raise TypeError(
                f"`augment` must be a function of inputs, as Augment is; got {augment!r}"
            )
        self.on_nan, self.augment = on_nan, augment
        if compile and communicator is not None:
            raise ValueError("`compile` must be False with a `communicator`; got True")
        if not (communicator is None or isinstance(communicator, Communicator)):
            raise TypeError(
                "`communicator` must have rank, size, total and from_first; got "
                f"{type(communicator).__name__}"
            )
        self._steps = Compiler() if compile else plain_step
        if isinstance(self._steps, Compiler):
            self._steps.made(net, self.optimizer)  # or say now why not
        self.history = History()
        self._team: Team = Alone() if communicator is None else Ranks(communicator)
        self.batches = Batches(batch_size, backends.host().rng(seed))

    __repr__ = summary.trainer_text
    _repr_html_ = summary.trainer_html

    @property
    def batch_size(self) -> int:
        """Samples in a step; with another one an epoch begins anew."""
        return self.batches.batch_size

    @batch_size.setter
    def batch_size(self, size: int) -> None:
        self.batches.resize(size)

    def fit(
        self,
        train: tuple[Samples, Samples],
        test: tuple[Samples, Samples] | None = None,
        *,
        iterations: int | None = None,
        epochs: int | None = None,
        progress: bool | None = None,
        on_epoch: Callable[[History], None] | None = None,
        checkpoints: str | os.PathLike[str] | Checkpoints | None = None,
        stop: Callable[[], bool] | None = None,
    ) -> History:
        """Train, and measure the accuracy after each epoch and at the end.

        A second call goes on where the first one ended, within its epoch if there are as many
        samples. Ctrl-C ends training after the step that is under way, and what there is by then is
        written, measured and returned; a second one ends it at once. With checkpoints, SIGTERM
        and SIGHUP do the same, and then what they do otherwise.

        Parameters
        ----------
        train, test : tuple of (x, t)
            Inputs and labels, host data or arrays of any library; moved to the device once. Arrays
            in a mapped file, such as `numpy.memmap`, stay there, and so does what has `__len__` and
            `__getitem__` and is no array: it is asked for the samples of an array of numbers. These
            are read and checked a part at a time, the next one while the network learns.
        iterations, epochs : int
            How much longer; one of them. What is left of an unfinished epoch counts as one.
        progress : bool, optional
            Show a progress bar; if not given, in a terminal and in a notebook.
        on_epoch : callable, optional
            Called with the history after each epoch.
        checkpoints : path or Checkpoints, optional
            A folder for checkpoints: written at the start, after each epoch and at the end. It
            must hold none of a training that has gone farther.
        stop : callable, optional
            Asked after each step and each epoch whether to end training, as Ctrl-C does. If given,
            signals are left to the caller.

        Returns
        -------
        History
            That of all calls.

        Raises
        ------
        NotFiniteError
            When data are not finite; with `on_nan="stop"` also at the end of an epoch in which a
            loss or a parameter was not.
        OSError
            When a checkpoint can't be written; the one before it stays.
        RuntimeError
            When another thread trains the network, or this trainer is in the middle of an epoch.
        TypeError
            When labels are floating where class numbers belong, or an argument is of another kind.
        ValueError
            When neither or both of `iterations` and `epochs` are given, inputs and labels differ
            in number, or a label is out of range; when processes that train together are given
            other numbers of samples, iterations or epochs.
        """
        check_functions(on_epoch=on_epoch, stop=stop)
        if progress not in (None, True, False):
            raise TypeError(f"`progress` must be True, False or None; got {progress!r:.80}")
        with self._alone():
            to_learn = data_set(self.net, train, "train")
            to_test = None if test is None else data_set(self.net, test, "test")
            warn_of_pixels(to_learn.like)
            team = self._team
            self.batches.check_settled()
            counts = {
                "samples": to_learn.samples,
                "test samples": None if to_test is None else to_test.samples,
                "iterations": iterations,
                "epochs": epochs,
            }
            team.begin(self, counts)
            self.batches.start(to_learn.samples)
            left = self._left(iterations, epochs)
            if checkpoints is not None and not isinstance(checkpoints, Checkpoints):
                checkpoints = Checkpoints(checkpoints)
            signals = Interruption(() if stop else ALL if checkpoints else INTERRUPT)
            with signals, Progress(left(), progress if team.leads else False) as bar:
                run = Run(
                    training=self,
                    train=to_learn,
                    test=to_test,
                    team=team,
                    bar=bar,
                    on_nan=self.on_nan,
                    on_epoch=on_epoch,
                    checkpoints=checkpoints if team.leads else None,
                    steps=self._steps,
                    left=left,
                    stop=stop or signals,
                )
                run.go()
                team.end()
        if signals.received not in (None, signal.SIGINT):
            signal.raise_signal(signals.received)
        return self.history

    def _left(self, iterations: int | None, epochs: int | None) -> Callable[[], int]:
        """Return what tells how many steps there are to go, though `batch_size` may change."""
        if (iterations is None) == (epochs is None):
            raise ValueError(
                f"one of `iterations` and `epochs` must be given; got {iterations}, {epochs}"
            )
        if iterations is not None:
            end = len(self.history.loss) + whole("iterations", iterations)
            return lambda: end - len(self.history.loss)
        goal = self.batches.goal(whole("epochs", epochs))
        return lambda: self.batches.left(goal)
