"""The corpus: what is right passes, what is wrong does not, whoever wrote it and however."""

import itertools
import os
import random

import numpy as np
import pytest

from backprop import gradcheck
from tests.backprop.gradients.foreign import (
    calling,
    chance,
    functional,
    holders,
    keeping,
    lazily,
    nesting,
    several,
    stateful,
)
from tests.backprop.gradients.foreign.foreign import STYLES, Arrays, Hook

MODULES = (calling, chance, functional, holders, keeping, lazily, nesting, several, stateful)
MODES = ("full", "sampled", "directional")
EVERY = bool(os.environ.get("EVERY_MISTAKE"))  # each mistake in each mode: half an hour
PLACES = [
    pytest.param(name, library, dtype, id=f"{name}-{library}-{dtype}")
    for name, style in STYLES.items()
    for library in style.on
    for dtype in style.dtypes
]


def report_of(name, library, dtype, mode, kind="", gradient=""):
    if library != "numpy":
        pytest.importorskip(library)
    random.seed(0)  # a mask that leaves one row makes a missing sum right
    np.random.seed(0)  # noqa: NPY002 - the global one is what some styles draw by
    style = STYLES[name]
    factor = style.factor
    if (mode, dtype) == ("directional", "float32"):  # terms of one slope may cancel, to rounding
        factor = max(factor, 1 + 1e-2)
    hook = Hook(kind, gradient, factor)
    target, inputs, *options = style.make(hook, Arrays(library, dtype))
    return gradcheck(target, *inputs, mode=mode, samples=8, **(options[0] if options else {}))


def mistakes(name):
    """Yield each mistake that can be made in a style; a stale cache is nobody's in particular."""
    style = STYLES[name]
    for kind in style.kinds:
        for gradient in style.gradients if kind != "stale" else [""]:
            yield kind, gradient


def chosen(name, library, dtype):
    """Return mistakes with the modes to make them in: each kind once on NumPy, one elsewhere."""
    every = list(mistakes(name))
    if EVERY:
        return [(mode, *each) for each in every for mode in MODES]
    number = list(STYLES).index(name)
    if (library, dtype) != ("numpy", "float64"):
        number += 5 * ["numpy", "torch", "jax"].index(library) + 2 * (dtype == "float32")
        return [(MODES[number % 3], *every[number % len(every)])]
    turned = [gradients[number % len(gradients)] for gradients in by_kind(every)]
    return list(zip(itertools.cycle(MODES), *zip(*turned, strict=True), strict=False))


def by_kind(every):
    return [list(group) for _, group in itertools.groupby(every, key=lambda each: each[0])]


def test_there_are_enough_styles():
    assert len(STYLES) >= 90
    assert min(len(by_kind(mistakes(name))) for name in STYLES) >= 3


@pytest.mark.parametrize(("name", "library", "dtype"), PLACES)
def test_what_is_right_passes(name, library, dtype):
    first = (list(STYLES).index(name) + len(library)) % 3
    everywhere = EVERY or (library, dtype) == ("numpy", "float64")
    for mode in MODES if everywhere else [MODES[first]]:
        report = report_of(name, library, dtype, mode)
        assert report.ok, report


@pytest.mark.parametrize(("name", "library", "dtype"), PLACES)
def test_what_is_wrong_does_not(name, library, dtype):
    for mode, kind, gradient in chosen(name, library, dtype):
        report = report_of(name, library, dtype, mode, kind, gradient)
        assert not report.ok, (kind, gradient, str(report))
