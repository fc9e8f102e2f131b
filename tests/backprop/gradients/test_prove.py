"""A short proof: `make prove-gradcheck` is the long one."""

import importlib.util
from pathlib import Path

import pytest

from backprop.gradients import Verdict, gradcheck

SCRIPT = Path(__file__).parents[3] / "scripts" / "prove_gradcheck.py"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("prove_gradcheck", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("seed", [10, 11])
def test_no_false_alarm_and_no_mistake_that_passes(script, seed):
    assert script.prove(25, seed) == ([], [])


def test_the_gradients_of_the_compositions_are_right_and_spoiled_at_one_entry(script):
    for drawn in script.compositions(20, 3):
        layer = drawn.layer
        d = script.cotangents(layer.forward(layer.x).shape, drawn.number, drawn.dtype)
        right = layer.gradients(d)
        right = {name: g.copy() for name, g in right.items()}
        script.spoil(drawn)
        layer.forward(layer.x)
        wrong = layer.gradients(d)
        assert sum(int((right[name] != wrong[name]).sum()) for name in right) == 1


def test_a_mistake_of_a_millionth_where_the_function_bends(script):
    drawn = next(found for found in script.compositions(420, 3) if found.number == 411)
    layer = drawn.layer
    assert gradcheck(layer, layer.x, seed=411).ok
    script.spoil(drawn)
    assert layer.spoiled[:2] == ("x", 4)
    report = gradcheck(layer, layer.x, seed=411)
    assert report["x"].verdict is Verdict.WRONG
    assert report["x"].index == (1, 0)


def test_a_right_gradient_in_float32_where_the_function_hardly_moves(script):
    """1 - y² of a tanh near 1 has one digit in float32, and other terms make it larger."""
    drawn = next(found for found in script.compositions(2000, 0) if found.number == 1788)
    report = gradcheck(drawn.layer, drawn.layer.x, seed=1788, allow="too noisy")
    assert report.ok, str(report)


def test_a_0_in_place_of_an_entry_among_other_small_ones(script):
    """φ is rounded from terms that are larger by far, so that only coarser steps show the entry."""
    drawn = next(found for found in script.compositions(2000, 0) if found.number == 1899)
    assert gradcheck(drawn.layer, drawn.layer.x, seed=1899).ok
    script.spoil(drawn)
    assert drawn.layer.spoiled == ("W", 4, -1.0)
    report = gradcheck(drawn.layer, drawn.layer.x, seed=1899)
    assert report["W"].verdict is Verdict.WRONG
    assert report["W"].index == (4, 0)
