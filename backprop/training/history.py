"""What training leaves behind."""

import csv
import os
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class History:
    """Losses and accuracies of one `Trainer.fit`.

    Attributes
    ----------
    loss : list of float
        Loss of each iteration's batch.
    epoch : list of float
        When accuracy was measured: 1.0, 2.0, ..., and a fraction if training ended within an epoch.
    iteration : list of int
        The same in iterations.
    train_accuracy, test_accuracy : list of float
        At those times, over the whole sets; no test accuracy without a test set.
    seconds : float
        How long it took.
    interrupted : bool
        Whether Ctrl-C ended it.
    """

    loss: list[float] = field(default_factory=list)
    epoch: list[float] = field(default_factory=list)
    iteration: list[int] = field(default_factory=list)
    train_accuracy: list[float] = field(default_factory=list)
    test_accuracy: list[float] = field(default_factory=list)
    seconds: float = 0.0
    interrupted: bool = False

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write a row for each iteration; accuracies stand in the rows where they were measured."""
        measured = {iteration: i for i, iteration in enumerate(self.iteration)}
        with Path(path).open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["iteration", "loss", "epoch", "train_accuracy", "test_accuracy"])
            for iteration, loss in enumerate(self.loss, start=1):
                i = measured.get(iteration)
                columns = (self.epoch, self.train_accuracy, self.test_accuracy)
                values = ["" if i is None else _at(column, i) for column in columns]
                writer.writerow([iteration, loss, *values])


def _at(column: list[float], i: int) -> float | str:
    return column[i] if i < len(column) else ""
