"""History of a training run: losses and accuracies."""

import copy
import csv
import io
import numbers
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from backprop.arguments import a_path, at_least_0, truth, whole
from backprop.storage.writing import write
from backprop.training import summary

_LISTS = ("loss", "epoch", "iteration", "train_accuracy", "test_accuracy")


@dataclass
class History:
    """Losses and accuracies of a training run, over all its `Trainer.fit`.

    Attributes
    ----------
    loss : list of float
        Loss of each iteration's batch.
    epoch : list of float
        When accuracy was measured: 1.0, 2.0, ..., and a fraction where it paused within an epoch.
    iteration : list of int
        The same in iterations.
    train_accuracy : list of float
        At those times, over the whole training set.
    test_accuracy : list of float
        The same over the test set; empty without one, and nan where there was none.
    seconds : float
        How long it took.
    interrupted : bool
        Whether Ctrl-C ended the last `fit`.
    """

    loss: list[float] = field(default_factory=list)
    epoch: list[float] = field(default_factory=list)
    iteration: list[int] = field(default_factory=list)
    train_accuracy: list[float] = field(default_factory=list)
    test_accuracy: list[float] = field(default_factory=list)
    seconds: float = 0.0
    interrupted: bool = False

    __repr__ = summary.history_text
    _repr_html_ = summary.history_html

    def state_dict(self) -> dict[str, Any]:
        """Return all of it as lists and numbers by name."""
        return asdict(self)

    @classmethod
    def from_state_dict(cls, state: Mapping[str, Any]) -> "History":
        """Return the history that `state_dict` was taken from.

        Raises
        ------
        TypeError, ValueError
            When the names or kinds are others, accuracies differ in number from their times, or
            these are no times in it.
        """
        names = [f.name for f in fields(cls)]
        if set(state) != set(names):
            raise ValueError(f"a history must hold {', '.join(names)}; got {', '.join(state)}")
        history = cls(**copy.deepcopy(dict(state)))
        for name in _LISTS:
            value = getattr(history, name)
            if not (isinstance(value, list) and all(isinstance(x, numbers.Real) for x in value)):
                raise TypeError(
                    f"`{name}` of a history must be a list of numbers; got {value!r:.80}"
                )
        at_least_0("seconds", history.seconds)
        truth("interrupted", history.interrupted)
        times, accuracies = len(history.iteration), len(history.train_accuracy)
        if not len(history.epoch) == accuracies == times >= len(history.test_accuracy):
            raise ValueError(
                f"a history must hold an epoch and accuracies for each of {times} iterations; got "
                f"{len(history.epoch)}, {accuracies} and {len(history.test_accuracy)}"
            )
        for i, (epoch, iteration) in enumerate(zip(history.epoch, history.iteration, strict=True)):
            at_least_0(f"epoch[{i}]", epoch)
            if whole(f"iteration[{i}]", iteration) > len(history.loss):
                raise ValueError(
                    f"a history must hold a loss for each of {iteration} iterations; got "
                    f"{len(history.loss)}"
                )
        return history

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write a row for each iteration; accuracies stand in the rows where they were measured.

        An old file stays whole until the new one is.
        """
        measured = {iteration: i for i, iteration in enumerate(self.iteration)}
        file = io.StringIO(newline="")
        writer = csv.writer(file)
        writer.writerow(["iteration", "loss", "epoch", "train_accuracy", "test_accuracy"])
        for iteration, loss in enumerate(self.loss, start=1):
            i = measured.get(iteration)
            columns = (self.epoch, self.train_accuracy, self.test_accuracy)
            values = ["" if i is None else _at(column, i) for column in columns]
            writer.writerow([iteration, loss, *values])
        write(a_path("path", path), file.getvalue().encode())


def _at(column: list[float], i: int) -> float | str:
    return column[i] if i < len(column) else ""
