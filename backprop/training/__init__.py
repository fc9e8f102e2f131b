"""Training: batches, optimizer, trainer, and the history of a run."""

from backprop.training.checkpoints import Checkpoints
from backprop.training.history import History
from backprop.training.optimizer import SGD, Optimizer, Updater
from backprop.training.trainer import Trainer

__all__ = ["SGD", "Checkpoints", "History", "Optimizer", "Trainer", "Updater"]
