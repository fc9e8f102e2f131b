"""How a run learns: optimizer, learning rate and its schedule, and pictures moved at random."""

from typing import Literal, TypeAlias

from backprop import (
    SGD,
    AdaGrad,
    Adam,
    AdamW,
    Augment,
    Cosine,
    Momentum,
    Nesterov,
    RMSprop,
    StepDecay,
    WarmUp,
)
from backprop.storage.books import PICTURE
from backprop.training import Rule, Schedule

OptimizerName: TypeAlias = Literal[
    "sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw"
]
OPTIMIZERS: dict[str, tuple[type[Rule], float]] = {
    "sgd": (SGD, 0.1),
    "momentum": (Momentum, 0.01),
    "nesterov": (Nesterov, 0.01),
    "adagrad": (AdaGrad, 0.01),
    "rmsprop": (RMSprop, 0.001),
    "adam": (Adam, 0.001),
    "adamw": (AdamW, 0.001),
}
"""Each with its learning rate where none is given."""

ScheduleName: TypeAlias = Literal["constant", "step", "cosine", "warm-up"]

SHIFT, ROTATE = 2, 10.0
"""The most pixels and degrees that `--augment` moves by."""
_MOVES = ("shift", "rotate")


def schedule(name: ScheduleName, lr: float, steps: int) -> float | Schedule:
    """Return a learning rate for so many steps.

    Parameters
    ----------
    name : str
        ``"constant"``; ``"step"``, a tenth after each third; ``"cosine"``, down to 0;
        ``"warm-up"``, up to `lr` in the first tenth, and then constant.
    lr : float
        The highest rate.
    steps : int
        The length of the run.
    """
    if name == "step":
        return StepDecay(lr, every=-(-steps // 3))
    if name == "cosine":
        return Cosine(lr, steps)
    if name == "warm-up":
        return WarmUp(-(-steps // 10), lr)
    return lr


def optimizer(name: OptimizerName, lr: float | Schedule) -> Rule:
    """Return a new optimizer."""
    return OPTIMIZERS[name][0](lr)


def moves(text: str) -> tuple[str, ...]:
    """Return what pictures are moved by: of `none`, `shift`, or `shift,rotate`.

    Raises
    ------
    ValueError
        When it is another word.
    """
    found = tuple(part.strip() for part in text.split(","))
    if found == ("none",):
        return ()
    if not set(found) <= set(_MOVES) or len(found) != len(set(found)):
        raise ValueError(f"--augment must be none, or one or both of shift,rotate; got {text!r}")
    return tuple(each for each in _MOVES if each in found)


def augment(by: str, seed: int) -> Augment | None:
    """Return what moves pictures; None where nothing does."""
    found = moves(by)
    if not found:
        return None
    return Augment(
        SHIFT if "shift" in found else 0,
        ROTATE if "rotate" in found else 0.0,
        seed,
        size=PICTURE[1:],
    )
