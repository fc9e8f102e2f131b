import pytest

import backends
from backprop import costs, plotting
from backprop.costs import Cost, exponent, gradient_costs


def cost(parameters, loop):
    return Cost(f"{parameters}", parameters, 1e-6 * parameters, 2.0, loop, False)


def test_costs_are_measured_for_each_size_and_way():
    small, large = gradient_costs(backends.host(), [(3, 2), (5, 4)], batch=2, seconds=0.01)
    assert (small.size, small.parameters) == ("3-2-10", 38)
    assert (large.size, large.parameters) == ("5-4-10", 74)
    for found in (small, large):
        assert min(found.backprop, found.fast, found.loop) > 0
        assert not found.estimated


def test_a_long_loop_is_estimated_from_its_forward_passes(monkeypatch):
    monkeypatch.setattr(costs, "_LONGEST_LOOP", 0.0)
    medians = {"loss": 0.5, "backprop": 1.0, "fast": 2.0}
    monkeypatch.setattr(
        costs, "alternate", lambda ways, *args, **options: {name: medians[name] for name in ways}
    )
    (found,) = gradient_costs(backends.host(), [(3, 2)], dtype="float32")
    assert found == Cost("3-2-10", 38, 1.0, 2.0, 2 * 38 * 0.5, True)


def test_exponents_are_those_of_the_power_law():
    quadratic = [cost(n, 1e-9 * n**2) for n in (10, 100, 1000, 10000)]
    assert exponent(quadratic, "loop") == pytest.approx(2.0)
    assert exponent(quadratic, "backprop") == pytest.approx(1.0)
    assert exponent(quadratic, "fast") == pytest.approx(0.0)


def test_the_chart_names_each_exponent():
    ax = plotting.cost_chart([cost(n, 1e-9 * n**2) for n in (10, 100, 1000, 10000)])
    assert ax.get_xscale() == ax.get_yscale() == "log"
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == [
        "numerical, loop: ∝ parameters^2.00",
        "numerical, fast: ∝ parameters^0.00",
        "backprop: ∝ parameters^1.00",
    ]
    assert ax.get_lines()[0].get_xdata().tolist() == [10, 100, 1000, 10000]
