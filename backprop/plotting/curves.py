"""Curves of a training run: accuracy and loss."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

from backprop.plotting.axes import new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WINDOWS = 50  # windows of the running mean that a long loss curve consists of
_MIN_WINDOW = 5  # batches; over fewer, no mean is drawn


class Run(Protocol):
    """A training run: `History`, or anything else with these lists."""

    @property
    def loss(self) -> Sequence[float]:
        """Loss of each iteration's batch."""

    @property
    def epoch(self) -> Sequence[float]:
        """When accuracy was measured."""

    @property
    def train_accuracy(self) -> Sequence[float]:
        """On the training set, at those times."""

    @property
    def test_accuracy(self) -> Sequence[float]:
        """On the test set; empty without one."""


def accuracy_curves(history: Run, ax: "Axes | None" = None) -> "Axes":
    """Draw accuracy by epoch: training solid, test dashed (section 4.5.3).

    Parameters
    ----------
    history : History
        Training run.

    Raises
    ------
    ValueError
        When the history holds no accuracies.
    """
    if not history.epoch:
        raise ValueError("`history` must hold the accuracy after 1 or more epochs; got none")
    ax = new_axes() if ax is None else ax
    marker = "o" if len(history.epoch) < 30 else None
    ax.plot(history.epoch, history.train_accuracy, marker=marker, markersize=4, label="train")
    if history.test_accuracy:
        ax.plot(
            history.epoch, history.test_accuracy, "--", marker=marker, markersize=4, label="test"
        )
    ax.set_xlabel("epoch")
    ax.set_ylabel("accuracy")
    ax.grid(alpha=0.3)
    ax.legend(loc="lower right")
    return ax


def loss_curve(history: Run, ax: "Axes | None" = None) -> "Axes":
    """Draw the loss of each iteration's batch, and over it, if there are many, a running mean.

    Parameters
    ----------
    history : History
        Training run (section 4.5.2).

    Raises
    ------
    ValueError
        When the history holds no losses.
    """
    loss, count = history.loss, len(history.loss)
    if not loss:
        raise ValueError("`history` must hold the loss of 1 or more iterations; got none")
    ax = new_axes() if ax is None else ax
    window = count // _WINDOWS
    iterations = range(1, count + 1)
    averaged = window >= _MIN_WINDOW
    ax.plot(iterations, loss, linewidth=1, alpha=0.35 if averaged else 1, label="each batch")
    if averaged:
        sums = np.cumsum([0.0, *loss])
        means = (sums[window:] - sums[:-window]) / window
        ax.plot(iterations[window - 1 :], means, color="C0", label=f"mean of {window}")
        ax.legend(loc="upper right")
    ax.set_xlabel("iteration")
    ax.set_ylabel("loss")
    ax.set_ylim(bottom=0)
    ax.grid(alpha=0.3)
    return ax
