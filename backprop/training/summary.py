"""What a trainer and its history show of themselves, in a terminal and a notebook."""

from base64 import b64encode
from typing import Any, Protocol

from backprop.plotting import curves
from backprop.plotting.axes import axes_grid, png
from backprop.tables import Table

_MOST = 10  # measurements that are all shown; of more, the first three and the last ones


class Measured(curves.Run, Protocol):
    """A training run with its time: `History`."""

    seconds: float
    interrupted: bool


class Training(Protocol):
    """What trains: `Trainer`."""

    net: Any
    optimizer: Any
    history: Any

    @property
    def batch_size(self) -> int:
        """Samples in a step."""


def history_text(history: Measured) -> str:
    """Return one line: how long, the last loss, the last accuracies."""
    if not history.loss:
        return "History(nothing learnt yet)"
    count = len(history.loss)
    parts = [f"{count:,} iteration{'s' * (count != 1)}", f"loss {history.loss[-1]:.4g}"]
    if history.epoch:
        parts.insert(1, f"{history.epoch[-1]:.4g} epoch{'s' * (history.epoch[-1] != 1)}")
        parts += [f"{name} {value[-1]:.2%}" for name, value in _accuracies(history).items()]
    parts.append(f"{history.seconds:.1f} s")
    return f"History({', '.join([*parts, *['interrupted'] * history.interrupted])})"


def history_html(history: Measured) -> str:
    """Return that line, a table of what was measured, and the curves if matplotlib is there."""
    accuracies = _accuracies(history)
    rows = [
        (f"{epoch:.4g}", *(f"{values[i]:.2%}" for values in accuracies.values()))
        for i, epoch in enumerate(history.epoch)
    ]
    if len(rows) > _MOST:
        rows[3 : 4 - _MOST] = [("...",) * len(rows[0])]
    head = ("epoch", *(f"accuracy, {name}" for name in accuracies)) if rows else ()
    return Table(history_text(history), head, rows).html() + _picture(history)


def _accuracies(history: Measured) -> dict[str, Any]:
    both = {"train": history.train_accuracy, "test": history.test_accuracy}
    return {name: values for name, values in both.items() if len(values) == len(history.epoch) > 0}


def _picture(history: Measured) -> str:
    if not history.loss:
        return ""
    try:
        left, right = axes_grid(1, 2)
    except ModuleNotFoundError as error:
        return f"<p>{error}</p>"
    curves.loss_curve(history, left)
    if history.epoch:
        curves.accuracy_curves(history, right)
    else:
        right.set_axis_off()
    data = b64encode(png(left)).decode("ascii")
    shape = "max-width: 40em; width: 100%"
    return f'<img alt="loss and accuracy" style="{shape}" src="data:image/png;base64,{data}">'


def trainer_text(trainer: Training) -> str:
    """Return one line: the network's class, the optimizer, the size of a batch, how far it is."""
    return (
        f"{type(trainer).__name__}({type(trainer.net).__name__}, {trainer.optimizer!r}, "
        f"batch_size={trainer.batch_size}): {trainer.history!r}"
    )


def trainer_html(trainer: Training) -> str:
    """Return a table of the parts: network, optimizer, size of a batch, and how far it is."""
    rows = [
        ("network", repr(trainer.net).partition("\n")[0]),
        ("optimizer", repr(trainer.optimizer)),
        ("batch size", f"{trainer.batch_size:,}"),
        ("so far", repr(trainer.history)),
    ]
    return Table(type(trainer).__name__, ("part", "what"), rows).html()
