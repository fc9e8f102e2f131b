"""Learning rates that change with the steps: what an optimizer takes as `lr` beside a number.

A schedule is any function of the number of the step, from 0, that returns the rate.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from backprop.arguments import number, positive
from backprop.networks.parameters import is_own

Schedule: TypeAlias = Callable[[int], float]
"""The learning rate of each step, by its number from 0."""


def check_lr(lr: Any) -> float:
    """Return a learning rate as a float; NumPy's would widen float32.

    Raises
    ------
    TypeError, ValueError
        When `lr` is no number, or not positive and finite.
    """
    return float(positive("lr", lr))


def _check_steps(name: str, steps: int) -> None:
    if not 1 <= number(name, steps) < math.inf or steps % 1:
        raise ValueError(f"`{name}` must be 1 or more steps; got {steps}")


def rate(lr: float | Schedule, step: int) -> float:
    """Return the learning rate of a step.

    Raises
    ------
    ValueError
        When a schedule gives one that is negative or not finite, or a number is no rate.
    """
    if type(lr) is float and 0.0 < lr < math.inf:  # as it mostly is, each step
        return lr
    if not callable(lr):
        return check_lr(lr)
    value = lr(step)
    try:
        found = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"`lr` must give a number; got {value!r:.80} at step {step}") from None
    if not (found >= 0 and math.isfinite(found)):
        raise ValueError(f"`lr` must be finite and 0 or more; got {found} at step {step}")
    return found


def text_of(lr: float | Schedule) -> str:
    """Return a rate or a schedule of the library's in words; of another, that it is a function."""
    if not callable(lr):
        return repr(float(lr))
    if not is_own(lr):
        return "a function"
    numbers = ", ".join(f"{name}={text_of(value)}" for name, value in vars(lr).items())
    return f"{type(lr).__name__}({numbers})"


@dataclass(frozen=True)
class StepDecay:
    """`lr`, multiplied by `factor` after every so many steps.

    Parameters
    ----------
    lr : float
        The first rate.
    every : int
        After how many steps it falls.
    factor : float
        By what, in (0, 1].

    Raises
    ------
    ValueError
        When a number is outside its range.

    Examples
    --------
    >>> schedule = StepDecay(0.1, every=2, factor=0.5)
    >>> [schedule(step) for step in range(5)]
    [0.1, 0.1, 0.05, 0.05, 0.025]
    """

    lr: float
    every: int
    factor: float = 0.1

    def __post_init__(self) -> None:
        check_lr(self.lr)
        _check_steps("every", self.every)
        if not 0 < number("factor", self.factor) <= 1:
            raise ValueError(f"`factor` must be in (0, 1]; got {self.factor}")

    def __call__(self, step: int) -> float:
        """Return the rate of a step."""
        return self.lr * self.factor ** (step // self.every)


@dataclass(frozen=True)
class Cosine:
    """From `lr` to `end` along half a wave of the cosine (Loshchilov and Hutter, SGDR, 2017).

    Parameters
    ----------
    lr : float
        The first rate.
    steps : int
        In how many steps; from there on it is `end`.
    end : float
        The last rate, from 0 to `lr`.

    Raises
    ------
    ValueError
        When a number is outside its range.

    Examples
    --------
    >>> schedule = Cosine(0.1, steps=4)
    >>> [round(schedule(step), 4) for step in range(6)]
    [0.1, 0.0854, 0.05, 0.0146, 0.0, 0.0]
    """

    lr: float
    steps: int
    end: float = 0.0

    def __post_init__(self) -> None:
        check_lr(self.lr)
        _check_steps("steps", self.steps)
        if not 0 <= number("end", self.end) <= self.lr:
            raise ValueError(f"`end` must be from 0 to lr, {self.lr}; got {self.end}")

    def __call__(self, step: int) -> float:
        """Return the rate of a step."""
        share = min(step / self.steps, 1.0)
        return self.end + (self.lr - self.end) * (1.0 + math.cos(math.pi * share)) / 2


@dataclass(frozen=True)
class WarmUp:
    """Rises in a straight line to the first rate of another schedule, which then takes over.

    Parameters
    ----------
    steps : int
        How many steps are below it.
    then : float or schedule
        What follows; its own step 0 comes after these.

    Raises
    ------
    ValueError
        When `steps` is less than 1, or `then` is a number and no rate.

    Examples
    --------
    >>> schedule = WarmUp(3, then=0.4)
    >>> [round(schedule(step), 4) for step in range(5)]
    [0.1, 0.2, 0.3, 0.4, 0.4]
    """

    steps: int
    then: float | Schedule

    def __post_init__(self) -> None:
        _check_steps("steps", self.steps)
        rate(self.then, 0)

    def __call__(self, step: int) -> float:
        """Return the rate of a step."""
        if step < self.steps:
            return rate(self.then, 0) * (step + 1) / (self.steps + 1)
        return rate(self.then, step - self.steps)
