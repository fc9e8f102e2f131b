import numpy as np
import pytest

from backprop import functions, plotting


def test_activations_are_told_apart_by_line_and_legend():
    ax = plotting.activations()
    lines = {line.get_label(): line for line in ax.get_lines()}
    assert list(lines) == ["step", "sigmoid", "relu", "tanh"]
    assert len({line.get_linestyle() for line in lines.values()}) == 4
    for name, line in lines.items():
        x, y = line.get_data()
        assert (x[0], x[-1]) == (-5, 5)
        np.testing.assert_array_equal(y, getattr(functions, name)(x))
    assert [text.get_text() for text in ax.get_legend().get_texts()] == list(lines)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("x", "activation of x")
    assert plotting.activations(ax) is ax


def test_negative_log():
    ax = plotting.negative_log()
    (line,) = ax.get_lines()
    x, y = line.get_data()
    assert 0 < x[0] < 0.01
    np.testing.assert_allclose(y, -np.log(x))
    assert y[-1] == 0
    assert (ax.get_xlim(), ax.get_ylim()[0]) == ((0, 1), 0)
    assert plotting.negative_log(ax) is ax


def test_tangents_touch_the_curve_and_name_their_slope():
    ax = plotting.tangents(lambda x: 0.01 * x**2 + 0.1 * x, (5, 10), (0, 20))
    curve, first, point, second, _ = ax.get_lines()
    np.testing.assert_allclose(curve.get_ydata()[[0, -1]], [0, 6])
    np.testing.assert_allclose(first.get_ydata()[[0, -1]], [-0.25, 3.75], atol=1e-7)
    np.testing.assert_allclose(second.get_ydata()[[0, -1]], [-1, 5], atol=1e-7)
    assert point.get_xydata().tolist() == [[5, 0.75]]
    assert [first.get_label(), second.get_label()] == [
        "slope 0.2 at x = 5",
        "slope 0.3 at x = 10",
    ]
    assert ax.get_xlim() == (0, 20)
    with pytest.raises(
        ValueError, match=r"`limits` must be \(low, high\), low < high; got \(1, 1\)"
    ):
        plotting.tangents(abs, (0,), (1, 1))
