import numpy as np
import pytest

from backprop import labels
from tests.support import Case

Y = np.zeros((2, 3))
ROWS = [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]


@pytest.mark.parametrize("t", [[2, 0], [[2], [0]], [[0, 0, 1], [1, 0, 0]], ROWS])
def test_every_form_of_labels_gives_the_same_targets(case: Case, t):
    case.check(labels.targets(case.array(t), case.array(Y)), ROWS)


@pytest.mark.parametrize("t", [[2, 0], [[2], [0]], [[0, 0, 1], [1, 0, 0]], ROWS])
@pytest.mark.needs_indices
def test_every_form_of_labels_gives_the_same_classes(case: Case, t):
    classes = labels.classes(case.array(t), Y.shape)
    assert classes.shape == (2,)
    case.unchanged(classes, [2, 0])


@pytest.mark.parametrize("t", [2, [2], [[2]], [0, 0, 1], [0.0, 0.0, 1.0], [[0.0, 0.0, 1.0]]])
def test_labels_of_one_sample(case: Case, t):
    y = labels.batched(case.array(np.zeros(3)))
    case.check(labels.targets(case.array(t), y), [[0.0, 0.0, 1.0]])


def test_python_numbers_are_labels(case: Case):
    case.check(labels.targets(2, case.array(np.zeros((1, 3)))), [[0.0, 0.0, 1.0]])


@pytest.mark.parametrize("t", [[0.5, 1.0], [[0.5], [1.0]]])
def test_with_one_output_labels_are_the_targets(case: Case, t):
    case.check(labels.targets(case.array(t), case.array(np.zeros((2, 1)))), [[0.5], [1.0]])


@pytest.mark.parametrize(
    ("t", "error", "message"),
    [
        ([0.0, 1.0], TypeError, r"labels of shape \(2,\) must be integers; got .*float"),
        ([0, 1, 2], ValueError, r"labels must have shape \(2,\), \(2, 1\) or \(2, 3\).*got \(3,\)"),
        (0, ValueError, r"one label a sample; got \(\)"),
        ([[0, 1]], ValueError, r"one label a sample; got \(1, 2\)"),
    ],
)
def test_labels_that_fit_nothing(case: Case, t, error, message):
    with pytest.raises(error, match=message):
        labels.targets(case.array(t), case.array(Y))


@pytest.mark.parametrize("wrong", [-1, 3])
@pytest.mark.needs_values
def test_range_is_checked_at_once_on_the_host(case: Case, wrong):
    t = case.array([0, wrong])
    with pytest.raises(ValueError, match=rf"labels must be in 0\.\.2; got {wrong}"):
        labels.check_range(t, 3)
    if case.backend.is_host:
        with pytest.raises(ValueError, match=rf"labels must be in 0\.\.2; got {wrong}"):
            labels.targets(t, case.array(Y))


@pytest.mark.parametrize("shape", [(0, 3), (2, 0), (), (2, 3, 4)])
def test_outputs_must_be_rows(case: Case, shape):
    with pytest.raises(ValueError, match=r"outputs must have shape \(N, C\) or \(C,\)"):
        labels.batched(case.array(np.zeros(shape)))


def test_the_range_is_checked_in_every_form():
    for t in (np.array([[3], [0]]), np.array([0, 3]), np.array(3)):
        with pytest.raises(ValueError, match=r"labels must be in 0\.\.2; got 3"):
            labels.check_range(t, 3)
    labels.check_range(np.zeros((0, 1), int), 3)
    labels.check_range(np.zeros((1, 0), int), 3)
