import numpy as np
import pytest

from backprop.metrics import confusion_matrix
from tests.support import Case


@pytest.mark.needs_values
def test_confusion_matrix(case: Case):
    matrix = confusion_matrix(case.array([0, 1, 1, 2]), case.array([0, 1, 2, 2]), 3)
    np.testing.assert_array_equal(case.numpy(matrix), [[1, 0, 0], [0, 1, 1], [0, 0, 1]])
