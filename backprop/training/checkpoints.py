"""Checkpoints while training goes on: the last one, and beside it the best one."""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from backprop.arguments import a_path, whole
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

    def open(self, losses: list[float]) -> None:
        """Make the folder, and remove what writers that were killed left in it.

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

    @property
    def last(self) -> Path:
        """The file of the last checkpoint."""
        return Path(self.folder) / LAST

    @property
    def best(self) -> Path:
        """The file of the best one."""
        return Path(self.folder) / BEST


def score_of(best: Path, losses: list[float]) -> float:
    """Return the test accuracy of a best checkpoint; -inf where it is none of a training.

    That may have been measured where the training paused, and the history not hold it any more.

    Parameters
    ----------
    best : path
        The file.
    losses : list of float
        Of the training so far, which begin with the file's.
    """
    kept = history_of(best)
    if kept is None or not kept.loss or kept.loss != losses[: len(kept.loss)]:
        return -math.inf
    return kept.test_accuracy[-1] if kept.test_accuracy else -math.inf


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
