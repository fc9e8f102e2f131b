"""Checkpoints while training goes on: the last one, and beside it the best one."""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from backprop.arguments import a_path, truth, whole
from backprop.storage.checkpoint import load_checkpoint
from backprop.storage.params import checked_metadata
from backprop.storage.writing import sweep
from backprop.training.history import History

LAST = "checkpoint.safetensors"
BEST = "best.safetensors"


@dataclass(frozen=True)
class Checkpoints:
    """Where and how often training writes checkpoints.

    Attributes
    ----------
    folder : path
        Gets `checkpoint.safetensors`, the last one, and `best.safetensors`, that of the highest
        test accuracy (the first one of several), if there is a test set. It is made if need be.
    every : int
        After how many epochs; the best one is written after any.
    metadata : mapping of str to str
        What else is to stand in the files.
    overwrite : bool
        Whether a folder may hold checkpoints of a training that has gone farther, which are lost.

    Raises
    ------
    TypeError
        When one of them is of another type.
    ValueError
        When `every` is less than 1.
    """

    folder: str | os.PathLike[str]
    every: int = 1
    metadata: Mapping[str, str] = field(default_factory=dict)
    overwrite: bool = False

    def __post_init__(self) -> None:
        a_path("folder", self.folder)
        whole("every", self.every)
        checked_metadata(self.metadata)
        truth("overwrite", self.overwrite)

    def open(self, losses: list[float]) -> None:
        """Make the folder, and remove what writers that were killed left in it.

        Parameters
        ----------
        losses : list of float
            Of the training so far.

        Raises
        ------
        ValueError
            When the last checkpoint there has more losses than the training has.
        """
        others = None if self.overwrite else history_of(self.last)
        if others is not None and len(others.loss) > len(losses):
            raise ValueError(
                f"`checkpoints` must lead to no training that has gone farther; {self.last} has "
                f"{len(others.loss):,} iterations, and this {len(losses):,}: Trainer.resume goes "
                "on from there, Checkpoints(folder, overwrite=True) begins anew"
            )
        Path(self.folder).mkdir(parents=True, exist_ok=True)
        sweep(Path(self.folder))

    def best_score(self, losses: list[float]) -> float:
        """Return the test accuracy of the best checkpoint; -inf where this training has none.

        That of another training is removed, as its last one is gone; a file that is none is left.

        Parameters
        ----------
        losses : list of float
            Of the training so far.
        """
        best = history_of(self.best)
        if best is None:
            return -math.inf
        common = min(len(best.loss), len(losses))
        if not common or not _equal(best.loss[:common], losses[:common]):
            self.best.unlink()
            return -math.inf
        ahead = len(best.loss) > common  # of the last one, as where training was killed
        return -math.inf if ahead or not best.test_accuracy else best.test_accuracy[-1]

    @property
    def last(self) -> Path:
        """The file of the last checkpoint."""
        return Path(self.folder) / LAST

    @property
    def best(self) -> Path:
        """The file of the best one."""
        return Path(self.folder) / BEST


def _equal(losses: list[float], others: list[float]) -> bool:
    """Tell whether losses are the same, nan among them."""
    return all(a == b or (a != a and b != b) for a, b in zip(losses, others, strict=True))


def history_of(checkpoint: Path) -> History | None:
    """Return the history that a checkpoint holds; None where there is none that can be read."""
    try:
        return History.from_state_dict(load_checkpoint(checkpoint).training["history"])
    except (LookupError, OSError, TypeError, ValueError):
        return None


def last_of(path: str | os.PathLike[str]) -> Path:
    """Return the file of the last checkpoint, given that, or any other, or the folder."""
    path = a_path("path", path)
    return path / LAST if path.is_dir() else path
