"""Schedules of the learning rate."""

import dataclasses
import math

import pytest

from backprop import Cosine, StepDecay, WarmUp


def test_steps_down():
    schedule = StepDecay(0.8, every=3, factor=0.5)
    assert [schedule(step) for step in (0, 2, 3, 5, 6)] == pytest.approx([0.8, 0.8, 0.4, 0.4, 0.2])


def test_cosine_runs_from_lr_to_its_end_and_stays():
    schedule = Cosine(0.3, steps=10, end=0.1)
    assert schedule(0) == pytest.approx(0.3)
    assert schedule(5) == pytest.approx(0.2)
    assert schedule(2) == pytest.approx(0.2 + 0.1 * math.cos(math.pi / 5))
    assert [schedule(10), schedule(99)] == pytest.approx([0.1, 0.1])


def test_warm_up_hands_over_at_the_first_rate():
    schedule = WarmUp(4, then=Cosine(0.5, steps=2))
    assert [schedule(step) for step in range(7)] == pytest.approx(
        [0.1, 0.2, 0.3, 0.4, 0.5, 0.25, 0.0]
    )
    assert WarmUp(1, then=0.5)(0) == 0.25
    assert WarmUp(1, then=0.5)(9) == 0.5


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: StepDecay(0, 3), "`lr` must be positive and finite; got 0"),
        (lambda: StepDecay(1, 0), "`every` must be 1 or more steps; got 0"),
        (lambda: StepDecay(1, math.nan), "`every` must be 1 or more steps; got nan"),
        (lambda: Cosine(1, 2.5), "`steps` must be 1 or more steps; got 2.5"),
        (lambda: WarmUp(math.inf, 0.1), "`steps` must be 1 or more steps; got inf"),
        (lambda: StepDecay(1, 1, 0.0), r"`factor` must be in \(0, 1\]; got 0.0"),
        (lambda: StepDecay(1, 1, 1.1), r"`factor` must be in \(0, 1\]; got 1.1"),
        (lambda: Cosine(1, 0), "`steps` must be 1 or more steps; got 0"),
        (lambda: Cosine(0.1, 3, 0.2), "`end` must be from 0 to lr, 0.1; got 0.2"),
        (lambda: Cosine(math.nan, 3), "`lr` must be positive and finite; got nan"),
        (lambda: WarmUp(0, 0.1), "`steps` must be 1 or more steps; got 0"),
        (lambda: WarmUp(3, -0.1), "`lr` must be positive and finite; got -0.1"),
    ],
)
def test_numbers_out_of_range(make, match):
    with pytest.raises(ValueError, match=match):
        make()


@pytest.mark.parametrize("schedule", [StepDecay(0.1, 2), Cosine(0.1, 2), WarmUp(2, 0.1)])
def test_what_was_checked_stays(schedule):
    name = dataclasses.fields(schedule)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(schedule, name, -1)
