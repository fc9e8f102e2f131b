import numpy as np
from support import Case, needs_values

from backprop.metrics import confusion_matrix


def test_confusion_matrix(case: Case):
    needs_values(case)
    matrix = confusion_matrix(case.array([0, 1, 1, 2]), case.array([0, 1, 2, 2]), 3)
    np.testing.assert_array_equal(case.numpy(matrix), [[1, 0, 0], [0, 1, 1], [0, 0, 1]])
