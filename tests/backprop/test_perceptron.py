import numpy as np
import pytest

import backends
import backprop
from backprop import perceptron
from tests.support import Case

TABLES = {"AND": [0, 0, 0, 1], "NAND": [1, 1, 1, 0], "OR": [0, 1, 1, 1], "XOR": [0, 1, 1, 0]}
GATES = [pytest.param(getattr(perceptron, name), TABLES[name], id=name) for name in TABLES]


@pytest.mark.parametrize(("gate", "table"), GATES)
def test_gates_of_numbers_give_the_table_as_integers(gate, table):
    answers = [gate(x1, x2) for x1 in (0, 1) for x2 in (0, 1)]
    assert answers == table
    assert {type(answer) for answer in answers} == {int}
    assert gate(np.float64(0), True) == table[1]


def test_a_sum_of_exactly_0_gives_0():
    """The book's `tmp <= 0` (section 2.3)."""
    assert perceptron.AND(1, 0.4) == 0
    assert perceptron.OR(0.4, 0) == 0
    assert perceptron.OR(0.41, 0) == 1


@pytest.mark.parametrize(("gate", "table"), GATES)
def test_arrays_are_broadcast(case: Case, gate, table):
    x1, x2 = case.array([[0.0], [1.0]]), case.array([0.0, 1.0])
    case.check(gate(x1, x2), np.reshape(table, (2, 2)))
    case.check(gate(x1, 1), np.reshape(table, (2, 2))[:, 1:])
    case.check(gate(0, x2), table[:2])
    case.unchanged(x1, [[0.0], [1.0]])


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int32"])
@pytest.mark.parametrize(("gate", "table"), GATES)
def test_the_dtype_is_kept(case: Case, gate, table, dtype):
    x1, x2 = case.array([0, 0, 1, 1], dtype), case.array([0, 1, 0, 1], dtype)
    case.check(gate(x1, x2), table, dtype=dtype)


def test_sequences_count_as_arrays():
    assert perceptron.XOR([0, 1], [1, 1]).tolist() == [1, 0]


def test_mixed_libraries_and_no_numbers():
    strict = pytest.importorskip("array_api_strict")
    with pytest.raises(TypeError, match="arrays must be of one library"):
        perceptron.AND(np.ones(2), strict.ones(2))
    with pytest.raises(TypeError, match="an array must hold numbers"):
        perceptron.AND("one", 1)
    with pytest.raises(TypeError, match="`x` must be real; got dtype complex128"):
        perceptron.OR(np.array([1j]), 1)


def test_it_is_reached_from_the_package():
    assert backprop.perceptron is perceptron
    assert backends.is_host(backprop.perceptron.AND([1], [1]))
