import numpy as np
import pytest
from matplotlib.quiver import Quiver

from backprop import perceptron, plotting
from tests.support import Case


def bowl(x):
    return x[0] ** 2 + x[1] ** 2


def slope(x):
    return 3 * x[0] - x[1]


POINTS = {
    "AND": {(1, 1)},
    "NAND": {(0, 0), (0, 1), (1, 0)},
    "OR": {(0, 1), (1, 0), (1, 1)},
    "XOR": {(0, 1), (1, 0)},
}


@pytest.mark.parametrize("name", POINTS)
def test_decision_boundary(name):
    ax = plotting.decision_boundary(getattr(perceptron, name))
    zeros, ones = ax.get_lines()
    assert {tuple(point) for point in ones.get_xydata()} == POINTS[name]
    assert len(zeros.get_xydata()) == 4 - len(POINTS[name])
    assert zeros.get_marker() != ones.get_marker()
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["0", "1"]
    assert (ax.get_title(), ax.get_xlabel(), ax.get_ylabel()) == (name, "x1", "x2")
    regions, line = ax.collections
    assert list(line.levels) == [0.5]
    for path, value in zip(regions.get_paths(), (0, 1), strict=True):
        for point in ((0.02, 0.02), (0.98, 0.98), (0.98, 0.02)):
            answer = getattr(perceptron, name)(*(float(v > 0.5) for v in point))
            assert path.contains_point(point) == (answer == value)


def test_a_gate_that_never_fires():
    ax = plotting.decision_boundary(lambda x1, x2: 0 * x1 * x2)
    (zeros,) = ax.get_lines()
    assert len(zeros.get_xydata()) == 4
    assert plotting.decision_boundary(perceptron.OR, ax) is ax
    with pytest.raises(ValueError, match=r"entry by entry, with shape \(401, 401\); got \(401,\)"):
        plotting.decision_boundary(lambda x1, x2: x1[0])


def test_a_gate_that_reads_its_first_input_only():
    ax = plotting.decision_boundary(lambda x1, x2: (x1 > 0.5) * 1.0)
    zeros, ones = ax.get_lines()
    assert ones.get_xydata().tolist() == [[1, 0], [1, 1]]
    assert ax.collections[0].get_paths()[1].contains_point((0.9, 0.1))


def test_a_surface_covers_the_range_and_names_its_axes():
    ax = plotting.surface(bowl, (-3, 3))
    assert ax.name == "3d"
    (drawn,) = ax.collections
    low, high = drawn.get_array().min(), drawn.get_array().max()
    assert 0 < low < 0.1 < 16 < high < 18  # means over the corners of each face
    assert ax.get_zlim()[1] >= 18
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_zlabel()) == ("x0", "x1", "f(x)")
    assert plotting.surface(bowl, ax=ax) is ax


def test_the_surface_is_that_of_the_function(monkeypatch):
    drawn = []
    ax = plotting.new_axes("3d")
    monkeypatch.setattr(ax, "plot_surface", lambda *arrays, **style: drawn.extend(arrays))
    plotting.surface(slope, (-1, 2), ax)
    x0, x1, height = drawn
    np.testing.assert_allclose(height, slope([x0, x1]), atol=1e-12)
    assert (x0.min(), x0.max(), x1.min(), x1.max()) == (-1, 2, -1, 2)


def test_contours_are_those_of_the_function():
    contours = plotting.descent_path(slope, [[1.0, 2.0]]).collections[0]
    for path, level in zip(contours.get_paths(), contours.get_array(), strict=True):
        if len(path.vertices):
            np.testing.assert_allclose(slope(path.vertices.T), level, atol=1e-9)


def test_surface_refuses():
    with pytest.raises(ValueError, match="`ax` must have the projection '3d'; got 'rectilinear'"):
        plotting.surface(bowl, ax=plotting.new_axes())
    with pytest.raises(ValueError, match=r"return a number for .*\(2,\); got shape \(2,\)"):
        plotting.surface(lambda x: x)
    with pytest.raises(
        ValueError, match=r"`limits` must be \(low, high\), low < high; got \(3, -3\)"
    ):
        plotting.surface(bowl, (3, -3))


def test_gradient_field():
    ax = plotting.gradient_field(slope, (-2, 2))
    (arrows,) = (a for a in ax.collections if isinstance(a, Quiver))
    assert arrows.N == 17 * 17
    np.testing.assert_allclose(arrows.U, -3, atol=1e-6)
    np.testing.assert_allclose(arrows.V, 1, atol=1e-6)
    ax = plotting.gradient_field(bowl, ax=plotting.new_axes())
    np.testing.assert_allclose(ax.collections[0].U, -2 * ax.collections[0].X, atol=1e-6)
    np.testing.assert_allclose(ax.collections[0].V, -2 * ax.collections[0].Y, atol=1e-6)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("x0", "x1")


@pytest.mark.needs_values
def test_descent_path(case: Case):
    points = [[-3.0, 4.0], [-2.0, 2.5], [-1.0, 1.5]]
    ax = plotting.descent_path(bowl, case.array(points))
    path, start = ax.get_lines()
    assert path.get_xydata().tolist() == points
    assert start.get_xydata().tolist() == points[:1]
    (contours,) = ax.collections
    assert len(contours.get_paths()) > 5
    for path, level in zip(contours.get_paths(), contours.get_array(), strict=True):
        np.testing.assert_allclose((path.vertices**2).sum(axis=1), level, rtol=0.05)
    assert ax.get_xlim() == pytest.approx((-4.6, 4.6), rel=1e-6)


def test_descent_path_with_limits_and_axes():
    ax = plotting.new_axes()
    assert plotting.descent_path(bowl, [[0.0, 0.0]], (-2, 2), ax) is ax
    assert ax.get_xlim() == (-2, 2)
    assert plotting.descent_path(bowl, [[0.0, 0.0]]).get_xlim() == (-1, 1)


@pytest.mark.parametrize("shape", [(2,), (3, 3), (0, 2)], ids=str)
def test_descent_path_refuses(shape):
    with pytest.raises(ValueError, match=r"`path` must have shape \(N, 2\), N >= 1; got \("):
        plotting.descent_path(bowl, np.ones(shape))
