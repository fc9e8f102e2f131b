from backprop.graph import Variable
from backprop.graph.diagram import Numbers, diagram_of
from tests.backprop.graph.graphs import branches, classifier, fruit


def edges(result: Variable) -> list[tuple[str, str, str, str]]:
    drawn = diagram_of(result, Numbers())
    texts = [node.text or node.kind for node in drawn.nodes]
    return [(texts[e.source], texts[e.target], e.value, e.grad) for e in drawn.edges]


def test_apples_and_oranges_of_the_book():
    assert edges(fruit()) == [
        ("apple", "×", "100", "2.2"),
        ("apples", "×", "2", "110"),
        ("orange", "×", "150", "3.3"),
        ("oranges", "×", "3", "165"),
        ("×", "+", "200", "1.1"),
        ("×", "+", "450", "1.1"),
        ("+", "×", "650", "1.1"),
        ("tax", "×", "1.1", "650"),
        ("×", "price", "715", "1"),
    ]


def test_before_backward_there_are_no_derivatives():
    x = Variable(2, "x")
    assert edges(x - 3) == [("x", "−", "2", ""), ("3", "−", "", ""), ("−", "result", "-1", "")]


def test_a_variable_used_twice_branches():
    x = Variable(3, "x")
    y = x * x
    y.backward(2)
    assert edges(y) == [
        ("x", "branch", "3", "12"),
        ("branch", "×", "3", "6"),
        ("branch", "×", "3", "6"),
        ("×", "result", "9", "2"),
    ]


def test_a_variable_by_itself():
    assert edges(Variable(3, "x")) == [("x", "result", "3", "")]
    assert edges(Variable(3)) == [("variable", "result", "3", "")]


def test_the_exponent_is_part_of_the_sign():
    assert edges(Variable(3, "x") ** 2) == [("x", "x²", "3", ""), ("x²", "result", "9", "")]


def test_arrays_are_told_by_their_shapes():
    drawn = edges(classifier())
    assert ("@", "+", "(100, 50)", "(100, 50)") in drawn
    assert ("(100,)", "SoftmaxWithLoss", "", "") in drawn
    assert ("b2", "+", "(10,)", "(10,)") in drawn


def test_nodes_come_after_those_they_depend_on():
    drawn = diagram_of(branches(), Numbers())
    assert all(edge.source < edge.target for edge in drawn.edges)
