import sys

import pytest

from backprop import plotting


def test_public_names():
    assert plotting.__all__ == [
        "accuracy_curves",
        "activations",
        "axes_grid",
        "confusion_matrix",
        "decision_boundary",
        "descent_path",
        "digits",
        "gradient_field",
        "loss_curve",
        "negative_log",
        "neurons",
        "new_axes",
        "save",
        "surface",
        "tangents",
        "weights",
    ]


def test_new_axes():
    assert plotting.new_axes().get_figure().get_size_inches().tolist() == [6.4, 4.0]
    assert plotting.new_axes(height=2).get_figure().get_size_inches().tolist() == [6.4, 2.0]
    assert plotting.new_axes("3d").name == "3d"


def test_axes_grid():
    grid = plotting.axes_grid(2, 3)
    assert len(grid) == 6
    assert len({ax.get_figure() for ax in grid}) == 1
    assert [ax.get_subplotspec().num1 for ax in grid] == [0, 1, 2, 3, 4, 5]
    assert len(plotting.axes_grid(1, 1)) == 1


@pytest.mark.parametrize(("suffix", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml")])
def test_a_picture_is_saved_in_the_format_of_its_suffix(tmp_path, suffix, start):
    plotting.save(plotting.negative_log(), tmp_path / f"a.{suffix}")
    assert (tmp_path / f"a.{suffix}").read_bytes().startswith(start)


@pytest.mark.parametrize("draw", [plotting.negative_log, lambda: plotting.axes_grid(1, 2)])
def test_without_matplotlib(monkeypatch, draw):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(
        ModuleNotFoundError,
        match=r"pictures need matplotlib: pip install 'backprop-by-hand\[plot\]'",
    ):
        draw()


def size(picture):
    """Return the width and height that a PNG says it has."""
    assert picture.startswith(b"\x89PNG")
    return tuple(int.from_bytes(picture[i : i + 4], "big") for i in (16, 20))


@pytest.mark.parametrize(
    "draw",
    [
        plotting.negative_log,
        lambda: plotting.negative_log(plotting.axes_grid(2, 2)[3]),
        lambda: plotting.surface(lambda x: x[0] * x[1], (-1, 1)),
    ],
)
def test_a_notebook_shows_the_axes(draw):
    picture, how = draw()._repr_png_()
    assert how == {"width": round(size(picture)[0] / 1.5)}
    assert 350 < how["width"] < 700


def test_axes_of_ones_own_are_left_as_they_are():
    from matplotlib.figure import Figure

    ax = Figure().add_subplot()
    assert plotting.negative_log(ax) is ax
    assert not hasattr(ax, "_repr_png_")
