import numpy as np
import pytest

from backprop import Relu, graph
from backprop.graph import Variable
from backprop.graph.diagram import short, sign
from tests.support import Case

NUMBERS = {
    110.00000000000001: "110",
    0.1 + 0.2: "0.3",
    2.2: "2.2",
    715: "715",
    123456789: "123456789",
    10**400: "1e+400",
    -0.0: "0",
    1234567.0: "1.23457e+06",
    float("inf"): "inf",
}


@pytest.mark.parametrize("number", NUMBERS, ids=NUMBERS.get)
def test_a_number_is_written_short(number):
    assert short(number) == NUMBERS[number]


@pytest.mark.needs_values
def test_a_short_array_is_written_out_and_a_long_one_by_its_shape(case: Case):
    assert short(case.array(np.asarray(1.1))) == "1.1"
    assert short(case.array([0.1, 2.0, 3.0])) == "[0.1, 2, 3]"
    assert short(case.array(np.array([7]))) == "[7]"
    for shape in [(5,), (0,), (1, 1), (100, 50), (2, 3, 4)]:
        assert short(case.array(np.zeros(shape))) == str(shape)


def test_only_what_is_printed_is_read(monkeypatch):
    strict = pytest.importorskip("array_api_strict")
    x = Variable(strict.ones((100, 50), device=strict.Device("device1")))
    y = (x * 2 + 1) / x

    def read(*_):
        raise AssertionError("a value was read")

    monkeypatch.setattr("backends.Backend.to_numpy", read)
    y.backward()
    assert "(100, 50)" in y.to_dot()


def test_an_operation_is_written_by_its_sign():
    x = Variable(2.0)
    made = [x + x, x - x, x * x, x / x, graph.exp(x), graph.log(x), graph.apply(Relu(), x)]
    assert [sign(v.operation) for v in made] == ["+", "−", "×", "÷", "exp", "log", "Relu"]
    made = [x**2, x**-12, x**0.5, x**x, 2**x]
    assert [sign(v.operation) for v in made] == ["x²", "x⁻¹²", "x^0.5", "xʸ", "xʸ"]
    X = Variable(np.eye(2))
    assert sign((X @ X).operation) == "@"
    assert sign(graph.apply(Relu(), x, name="first").operation) == "first"
