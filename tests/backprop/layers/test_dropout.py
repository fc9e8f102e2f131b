import itertools

import numpy as np
import pytest

from backprop import Dropout, gradcheck
from tests.support import Case

X = np.random.default_rng(0).standard_normal((20, 15)) + 3.0


def masks_of(ratio, seed, shape):
    """The masks as the documentation says it: PCG64 on the host, one after the other."""
    rng = np.random.Generator(np.random.PCG64(seed))
    while True:
        yield rng.random(shape) >= ratio


@pytest.mark.traced
@pytest.mark.parametrize("inverted", [True, False])
def test_training(case: Case, inverted):
    dout = X[::-1].copy()
    layer = Dropout(0.3, seed=7, inverted=inverted)
    arrays = case.array(X), case.array(dout)
    for mask in itertools.islice(masks_of(0.3, 7, X.shape), 2):

        def both(x, dout):
            return layer.forward(x, training=True), layer.backward(dout)

        y, dx = case.run(both, *arrays)
        factor = mask / (0.7 if inverted else 1.0)
        case.check(y, X * factor)
        case.check(dx, dout * factor)
    case.unchanged(arrays[0], X)
    case.unchanged(arrays[1], dout)


@pytest.mark.traced
@pytest.mark.parametrize(("inverted", "factor"), [(True, 1.0), (False, 0.7)])
def test_inference(case: Case, inverted, factor):
    layer = Dropout(0.3, inverted=inverted)
    y, dx = case.run(lambda x: (layer.forward(x), layer.backward(2)), case.array(X))
    case.check(y, X * factor)
    case.check(dx, np.full(X.shape, 2 * factor))
    assert layer.rng.bit_generator.state == Dropout(seed=layer.seed).rng.bit_generator.state


def test_the_mean_stays_and_passes_differ():
    layer, ones = Dropout(0.4, seed=0), np.ones((300, 300))
    first, second = layer.forward(ones, True), layer.forward(ones, True)
    assert first.mean() == pytest.approx(1.0, abs=0.01)
    assert np.mean(first == 0) == pytest.approx(0.4, abs=0.01)
    assert np.mean((first == 0) == (second == 0)) == pytest.approx(0.4**2 + 0.6**2, abs=0.01)
    assert np.mean(Dropout(0.4, seed=1).forward(ones, True) == first) < 0.6


def test_a_held_layer_repeats_its_mask():
    layer = Dropout(0.5, seed=3)
    layer.held = True
    first = layer.forward(X, True)
    assert np.array_equal(layer.forward(X, True), first)
    layer.held = False
    assert np.array_equal(layer.forward(X, True), first)
    second = layer.forward(X, True)
    assert not np.array_equal(second, first)
    layer.held = True
    third = layer.forward(X, True)
    layer.advance()
    layer.advance()  # nothing was held since
    assert not np.array_equal(layer.forward(X, True), third)
    layer.go_back()
    assert np.array_equal(layer.forward(X, True), third)


def test_without_a_seed_layers_differ():
    assert Dropout().seed != Dropout().seed


def test_nothing_is_left_out_at_0():
    np.testing.assert_array_equal(Dropout(0.0).forward(X, True), X)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.needs_values
def test_gradcheck(case: Case, training, dtype):
    if not (case.backend.has_float64 or dtype == "float32"):
        pytest.skip("no float64 there")
    layer = Dropout(0.4, seed=1)
    report = gradcheck(layer, case.array(X[:3, :5], dtype), kwargs={"training": training})
    assert report.ok, report


@pytest.mark.parametrize("training", [False, True])
def test_dtypes_stay(training):
    for dtype, out in (("float16", "float16"), ("float32", "float32"), ("int64", "float64")):
        layer = Dropout(0.5, seed=0)
        y = layer.forward(np.ones((3, 4), dtype), training)
        assert y.dtype == layer.backward(y).dtype == out
    assert Dropout(0.5, seed=0).forward(2.0, training).shape == ()


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: Dropout(1.0), r"`ratio` must be in \[0, 1\); got 1.0"),
        (lambda: Dropout(-0.1), r"`ratio` must be in \[0, 1\); got -0.1"),
        (lambda: Dropout(0.5, -1), "`seed` must be 0 or more; got -1"),
    ],
)
def test_numbers_out_of_range(make, match):
    with pytest.raises(ValueError, match=match):
        make()
