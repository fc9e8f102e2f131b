import sys

import pytest
from matplotlib.figure import Figure

from backprop import History, plotting

HISTORY = History([3.0, 2.0], [1.0, 2.0], [1, 2], [0.5, 0.75], [0.4, 0.6])


def test_accuracy_curves():
    ax = plotting.accuracy_curves(HISTORY)
    train, test = ax.get_lines()
    assert train.get_linestyle() == "-"
    assert test.get_linestyle() == "--"
    assert train.get_xydata().tolist() == [[1.0, 0.5], [2.0, 0.75]]
    assert test.get_xydata().tolist() == [[1.0, 0.4], [2.0, 0.6]]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["train", "test"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "accuracy")


def test_given_axes_are_used_and_the_test_set_may_be_missing():
    ax = Figure().add_subplot()
    assert plotting.accuracy_curves(History([1.0], [1.0], [1], [0.5]), ax) is ax
    assert len(ax.get_lines()) == 1


def test_save(tmp_path):
    plotting.save(plotting.accuracy_curves(HISTORY), tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_without_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(
        ModuleNotFoundError, match=r"pictures need matplotlib: pip install 'backprop\[plot\]'"
    ):
        plotting.accuracy_curves(HISTORY)
