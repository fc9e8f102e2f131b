import pytest

import backends
from backprop.bench import GradientTimes, exponent, gradient_times, time_chart, time_gradients


def times(parameters, loop):
    return GradientTimes(f"{parameters}", parameters, 1e-6 * parameters, 2.0, loop, False)


QUADRATIC = [times(n, 1e-9 * n**2) for n in (10, 100, 1000, 10000)]


def test_time_gradients():
    small, large = time_gradients(backends.host(), [(3, 2), (5, 4)], batch=2, seconds=0.01)
    assert (small.size, small.parameters) == ("3-2-10", 38)
    assert (large.size, large.parameters) == ("5-4-10", 74)
    for found in (small, large):
        assert min(found.backprop, found.fast, found.loop) > 0
        assert not found.estimated


@pytest.mark.parametrize("estimated", [False, True])
def test_float32_where_there_is_no_float64(monkeypatch, estimated):
    if estimated:
        monkeypatch.setattr(gradient_times, "_LONGEST_LOOP", 0.0)
    backend = backends.select("no_float64", "array-api-strict")
    (found,) = time_gradients(backend, [(3, 2)], batch=2, dtype="float32", seconds=0.01)
    assert min(found.backprop, found.fast, found.loop) > 0
    assert found.estimated is estimated


def test_a_long_loop_is_estimated_from_its_forward_passes(monkeypatch):
    monkeypatch.setattr(gradient_times, "_LONGEST_LOOP", 0.0)
    medians = {"loss": 0.5, "backprop": 1.0, "fast": 2.0, "loop": 0.5}
    monkeypatch.setattr(
        gradient_times,
        "alternate",
        lambda calls, *args, **options: {name: medians[name] for name in calls},
    )
    (found,) = time_gradients(backends.host(), [(3, 2)], dtype="float32")
    assert found == GradientTimes("3-2-10", 38, 1.0, 2.0, 2 * 38 * 0.5, True)


def test_exponents():
    assert exponent(QUADRATIC, "loop") == pytest.approx(2.0)
    assert exponent(QUADRATIC, "backprop") == pytest.approx(1.0)
    assert exponent(QUADRATIC, "fast") == pytest.approx(0.0)


def test_the_exponent_is_that_of_the_larger_half():
    flat = [times(n, 1.0) for n in (1, 2, 4)]
    assert exponent([*flat, *QUADRATIC[1:]], "loop") == pytest.approx(2.0)
    assert exponent(QUADRATIC[:2], "loop") == pytest.approx(2.0)


def test_chart():
    ax = time_chart(QUADRATIC)
    assert ax.get_xscale() == ax.get_yscale() == "log"
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == [
        "numerical, loop: ∝ parameters^2.00",
        "numerical, fast: ∝ parameters^0.00",
        "backprop: ∝ parameters^1.00",
    ]
    assert ax.get_lines()[0].get_xdata().tolist() == [10, 100, 1000, 10000]
