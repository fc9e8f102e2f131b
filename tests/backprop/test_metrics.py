import numpy as np
import pytest

from backprop.metrics import confusion_matrix
from tests.support import Case


@pytest.mark.needs_values
def test_confusion_matrix(case: Case):
    matrix = confusion_matrix(case.array([0, 1, 1, 2]), case.array([0, 1, 2, 2]), 3)
    np.testing.assert_array_equal(case.numpy(matrix), [[1, 0, 0], [0, 1, 1], [0, 0, 1]])


@pytest.mark.parametrize("shape", [(3, 1), (1, 3), (3, 3), ()])
def test_a_confusion_matrix_is_of_class_numbers_in_a_row(shape):
    numbers = np.zeros(shape, dtype=int)
    message = f"^`t` and `predicted` must have one shape (N,); got {shape} and {shape}$"
    with pytest.raises(ValueError, match=message.replace("(", r"\(").replace(")", r"\)")):
        confusion_matrix(numbers, numbers, 3)
    with pytest.raises(ValueError, match=r"must have one shape \(N,\); got \(3,\) and \(4,\)$"):
        confusion_matrix(np.zeros(3, int), np.zeros(4, int), 3)
