"""Training: batches, optimizers, schedules of their rates, trainer, and the history of a run."""

from backprop.training.adaptive import AdaGrad, Adam, AdamW, RMSprop
from backprop.training.augmentation import Augment
from backprop.training.checkpoints import Checkpoints
from backprop.training.history import History
from backprop.training.momentum import Momentum, Nesterov
from backprop.training.optimizer import Optimizer, Rule, Updater
from backprop.training.schedules import Cosine, Schedule, StepDecay, WarmUp
from backprop.training.sgd import SGD
from backprop.training.trainer import Trainer

__all__ = [
    "SGD",
    "AdaGrad",
    "Adam",
    "AdamW",
    "Augment",
    "Checkpoints",
    "Cosine",
    "History",
    "Momentum",
    "Nesterov",
    "Optimizer",
    "RMSprop",
    "Rule",
    "Schedule",
    "StepDecay",
    "Trainer",
    "Updater",
    "WarmUp",
]
