"""One call of `Trainer.fit`: steps, and what is looked at, written and said between epochs."""

import contextlib
import math
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import backends
from backends import Array
from backprop.arrays import widened
from backprop.finite import NotFiniteError
from backprop.networks import Network
from backprop.networks.exclusive import Exclusive
from backprop.training.checkpoints import Checkpoints
from backprop.training.data import DataSet
from backprop.training.divergence import diverged
from backprop.training.history import History
from backprop.training.interruption import Interruption
from backprop.training.optimizer import Updater
from backprop.training.progress import Progress
from backprop.training.resumable import Resumable
from backprop.training.step import Step
from backprop.training.team import Team
from backprop.training.threads import few_threads


@dataclass
class Run:
    """What training moves on, and what was asked of it.

    Attributes
    ----------
    training : Resumable
        Network, optimizer, place in the data and history; `on_epoch` may put others in their place.
    train, test : DataSet
        What it learns from, and what else is measured.
    team : Team
        The processes that train together, or the one that does.
    steps : callable
        Returns the step of a network, an optimizer and a team.
    stop : callable
        Asked after each step and each epoch whether to end in order.
    left : callable
        Tells how many steps there are to go.
    """

    training: Resumable
    train: DataSet
    test: DataSet | None
    team: Team
    bar: Progress
    on_nan: str
    on_epoch: Callable[[History], None] | None
    checkpoints: Checkpoints | None
    steps: Callable[[Network, Updater, Team], Step]
    stop: Callable[[], bool]
    left: Callable[[], int]
    _start: float = field(default=0.0, init=False)
    _best: float = field(default=-math.inf, init=False)  # accuracy of the best checkpoint
    _finite: bool = field(default=True, init=False)  # in the epoch that ended last
    _warned: bool = field(default=False, init=False)
    _kept: int | None = field(default=None, init=False)  # iterations in the last checkpoint

    def go(self) -> None:
        """Train until no step is left, or something ends it."""
        history = self.training.history
        self._start = time.perf_counter() - history.seconds
        history.interrupted = False
        try:
            self._look(len(history.loss))
            self._open()
            stopped = False
            while (left := self.left()) > 0 and not stopped:
                stopped = self._epoch(left)
                last = self.left() <= 0
                if self.training.batches.done == 0 or last:
                    self._end_epoch(last)
                stopped = self.team.any(stopped or self.stop())
            if self.left() > 0:
                self._end_early()
        except KeyboardInterrupt:
            history.interrupted = True
            own = isinstance(self.stop, Interruption)  # else signals are left to the caller
            if not own or self.stop() or self.team.size > 1:  # the second; others wait for a step
                raise
            self._measure_pause()
        except SystemExit:
            self.team.leave()
            raise
        finally:
            history.seconds = time.perf_counter() - self._start

    def _open(self) -> None:
        """Write the first checkpoint, and measure an epoch that ended without that."""
        if self.checkpoints:
            self.checkpoints.open(self.training.history.loss)
            self._write(self.checkpoints.last)
            self._best = self.checkpoints.best_score(self.training.history.loss)
        history = self.training.history
        measured = history.iteration[-1:] == [len(history.loss)]
        if history.loss and not self.training.batches.done and not measured:
            self._end_epoch(last=False)

    def _epoch(self, limit: int) -> bool:
        """Train to the end of the epoch, or for `limit` steps, and tell whether it was stopped.

        Losses reach the host at once; whether they are finite is seen there.
        """
        stop, data, team, history = self.stop, self.train, self.team, self.training.history
        net, augment, order = self.training.net, self.training.augment, self.training.batches
        exclusive = getattr(net, "exclusive", None) or Exclusive()
        step = self.steps(net, self.training.optimizer, team)
        shares = team.shares(order.rest(data.home, limit))
        losses: list[Array] = []
        before, stopped = len(history.loss), False
        order.under_way = True
        try:
            with self._few_threads(data), contextlib.closing(data.batches(shares)) as batches:
                for x, t, share in batches:
                    team.tell(share)
                    seen = x if augment is None else augment(x)
                    with exclusive.turn:  # of who waits for the end of a step
                        pass
                    with exclusive.step:
                        losses.append(step(seen, t))
                    self.bar.advance(share.of)
                    if team.stops(stop()):
                        stopped = True
                        break
        finally:
            if losses:
                xp, backend = backends.namespace(losses[0]), backends.of(data.like)
                history.loss += backend.to_numpy(widened(xp.stack(losses))).tolist()
                order.advance(len(losses))
            order.under_way = False
        self._look(before)
        return stopped

    def _look(self, before: int) -> None:
        """See whether the losses since `before`, and the parameters, are finite."""
        now = self.training
        history = now.history
        problem = diverged(now.net, now.optimizer, self.train, history.loss, before)
        self._finite = problem is None
        if problem is not None and self.on_nan == "stop":
            kept = (
                ""
                if self._kept is None
                else (
                    f"; the last finite checkpoint, after {self._kept:,} iterations, is "
                    f"{self.checkpoints and self.checkpoints.last}"
                )
            )
            raise NotFiniteError(
                f"training ended after {len(history.loss):,} iterations: {problem}{kept}"
            )
        if problem is not None and self.on_nan == "warn" and not self._warned:
            self._warned = True
            warnings.warn(f"training has died: {problem}", RuntimeWarning, stacklevel=5)

    def _end_epoch(self, last: bool) -> None:
        """Measure, and write the checkpoints that are due."""
        try:
            self._measure()
        except (Exception, SystemExit):  # of `on_epoch`, say: the epoch is not lost
            self._write_last()
            raise
        if not self.checkpoints:
            return
        score = self.training.history.test_accuracy[-1] if self.test is not None else math.nan
        if score > self._best:  # which nan is not
            self._write(self.checkpoints.best)
            self._best = score
        if last or round(self.training.batches.epochs) % self.checkpoints.every == 0:
            self._write_last()

    def _end_early(self) -> None:
        """Write a checkpoint first: as training would be without the pause, not measured here."""
        self.training.history.interrupted = True
        self.training.history.seconds = time.perf_counter() - self._start
        self._write_last()
        self._measure_pause()

    def _write_last(self) -> None:
        if self.checkpoints:
            self._write(self.checkpoints.last)

    def _write(self, path: Path) -> None:
        if self._finite and self.checkpoints:
            self.training.save(path, self.checkpoints.metadata)
            self._kept = len(self.training.history.loss)

    def _measure_pause(self) -> None:
        history = self.training.history
        if history.iteration[-1:] != [len(history.loss)] and history.loss:
            with contextlib.suppress(KeyboardInterrupt):
                self._measure()

    def _measure(self) -> None:
        """Take the accuracies into the history, and show it."""
        history = self.training.history
        accuracies = [self._accuracy(data) for data in (self.train, self.test) if data is not None]
        history.train_accuracy.append(accuracies[0])
        if self.test is not None or history.test_accuracy:
            without = len(history.epoch) - len(history.test_accuracy)
            history.test_accuracy += [math.nan] * without + (accuracies[1:] or [math.nan])
        history.iteration.append(len(history.loss))
        history.epoch.append(self.training.batches.epochs)
        history.seconds = time.perf_counter() - self._start
        self.bar.report(history)
        if self.on_epoch is not None:
            self.on_epoch(history)
            self.training.batches.start(self.train.samples)  # it may have gone back to before that

    def _accuracy(self, data: DataSet) -> float:
        with self._few_threads(data):
            return self.team.accuracy(partial(self._right, data), data.samples)

    def _right(self, data: DataSet, start: int, stop: int) -> float:
        """Return the accuracy from a sample to another; nan where there is none."""
        try:
            return data.accuracy(self.training.net, start, stop)
        except NotFiniteError:
            if self.on_nan == "stop":
                raise
            return math.nan

    def _few_threads(self, data: DataSet) -> contextlib.AbstractContextManager[None]:
        samples = min(self.training.batches.batch_size, data.samples) // self.team.size
        return few_threads(self.training.net, data.like, samples, self.team.cores)
