"""The numbers of chapter 2: perceptrons."""

import pytest

from backprop import Affine, functions
from backprop.perceptron import AND, NAND, OR, XOR
from tests.support import Case

INPUTS = [(0, 0), (1, 0), (0, 1), (1, 1)]


@pytest.mark.parametrize(
    ("gate", "table"),
    [(AND, [0, 0, 0, 1]), (NAND, [1, 1, 1, 0]), (OR, [0, 1, 1, 1]), (XOR, [0, 1, 1, 0])],
)
def test_truth_tables(case: Case, gate, table):
    assert [gate(x1, x2) for x1, x2 in INPUTS] == table
    x1, x2 = (case.array([float(pair[i]) for pair in INPUTS]) for i in (0, 1))
    case.check(gate(x1, x2), table)


def test_weights_and_bias(case: Case):
    """Section 2.3.2: 0.5 * 0 + 0.5 * 1 - 0.7."""
    layer = Affine(case.array([[0.5], [0.5]]), case.array([-0.7]))
    y = layer.forward(case.array([0.0, 1.0]))
    case.check(y, [-0.2])
    case.check(functions.step(y), [0.0])
