"""The library's optimizers by the names that files and the command line call them by."""

from backprop.training.adaptive import AdaGrad, Adam, AdamW, RMSprop
from backprop.training.momentum import Momentum, Nesterov
from backprop.training.optimizer import Optimizer
from backprop.training.sgd import SGD

OPTIMIZERS: dict[str, type[Optimizer]] = {
    kind.__name__: kind for kind in (SGD, Momentum, Nesterov, AdaGrad, RMSprop, Adam, AdamW)
}
"""Each can be made without arguments, and then takes its state."""
