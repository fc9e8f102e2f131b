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


@pytest.mark.parametrize("draw", [plotting.accuracy_curves, plotting.loss_curve])
def test_a_history_of_nothing_has_no_curve(draw):
    with pytest.raises(ValueError, match=r"`history` must hold the .+ 1 or more .+; got none"):
        draw(History())


def test_loss_curve():
    ax = plotting.loss_curve(HISTORY)
    (line,) = ax.get_lines()
    assert line.get_xydata().tolist() == [[1.0, 3.0], [2.0, 2.0]]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("iteration", "loss")
    assert ax.get_legend() is None
    assert ax.get_ylim()[0] == 0
    assert plotting.loss_curve(HISTORY, ax) is ax


def test_a_long_loss_curve_is_averaged():
    each, mean = plotting.loss_curve(History([float(i) for i in range(250)])).get_lines()
    assert len(each.get_xdata()) == 250
    assert mean.get_xdata()[[0, -1]].tolist() == [5, 250]
    assert mean.get_ydata()[[0, 1, -1]].tolist() == [2, 3, 247]
    assert mean.get_label() == "mean of 5"


def test_no_losses():
    with pytest.raises(ValueError, match="the loss of 1 or more iterations; got none"):
        plotting.loss_curve(History())
