"""Everything that the notes on chapters 2 to 5 hold, 80 items, each with the test that shows it.

`ITEMS` says how many items a line stands for and where they are tested: `file::test`, from `tests/`.
"""

import ast
from pathlib import Path

import numpy as np
import pytest

from backprop import (
    Affine,
    MatMul,
    Network,
    Relu,
    SoftmaxWithLoss,
    TwoLayerNet,
    functions,
    graph,
    numerical_diff,
    numerical_gradient,
)
from tests.support import Case

TESTS = Path(__file__).parents[1]
PROGRAMS, FIGURES, HERE = "book/test_programs.py", "backprop/graph", "book/test_items.py"

ITEMS: list[tuple[int, str, list[str]]] = [
    (1, "NumPy basics", []),  # NumPy's own
    (5, "AND, AND_v2, NAND, OR, XOR", [f"{PROGRAMS}::test_note_on_perceptrons"]),
    (
        3,
        "neurons as circles",
        [
            "backprop/plotting/test_neurons.py::test_the_perceptron_of_the_book",
            "backprop/plotting/test_neurons.py::test_the_network_of_three_layers",
            "backprop/plotting/test_neurons.py::test_the_softmax_layer",
        ],
    ),
    (5, "step, sigmoid, ReLU and their plots", [f"{PROGRAMS}::test_curves_of_activations"]),
    (1, "identity_function", ["backprop/test_functions.py::test_the_book_s_names_are_ours"]),
    (1, "three-layer forward", [f"{PROGRAMS}::test_note_on_three_layers"]),
    (2, "softmax", [f"{HERE}::test_softmax_of_four", f"{PROGRAMS}::test_note_on_three_layers"]),
    (
        2,
        "load_mnist and a picture",
        [
            "backprop/datasets/test_mnist.py::test_flags_keep_pixels_images_and_one_hot_rows",
            f"{PROGRAMS}::test_mnist_show",
        ],
    ),
    (
        1,
        "download_mnist",
        ["backprop/datasets/test_mnist.py::test_download_tries_the_second_mirror"],
    ),
    (
        3,
        "inference",
        [
            f"{PROGRAMS}::test_inference",
            f"{PROGRAMS}::test_inference_with_the_book_s_weights",
            f"{HERE}::test_shapes_of_an_inference",
        ],
    ),
    (1, "mean_squared_error", [f"{PROGRAMS}::test_note_on_losses"]),
    (
        4,
        "-log and cross-entropy",
        [
            "backprop/plotting/test_functions.py::test_negative_log",
            f"{PROGRAMS}::test_note_on_losses",
        ],
    ),
    (1, "softmax_loss", ["backprop/test_functions.py::test_softmax_loss_is_that_of_the_layer"]),
    (1, "mini-batch", ["backprop/demos/test_demos.py::test_a_mini_batch"]),
    (
        3,
        "numerical_diff",
        [
            f"{HERE}::test_a_step_that_is_lost",
            f"{PROGRAMS}::test_gradient_1d",
            "backprop/plotting/test_functions.py::test_tangents_touch_the_curve_and_name_their_slope",
        ],
    ),
    (
        2,
        "partial derivatives, surface",
        [
            "book/test_chapter4.py::test_partial_derivatives",
            "backprop/plotting/test_landscape.py::test_the_surface_is_that_of_the_function",
        ],
    ),
    (3, "gradients", ["book/test_chapter4.py::test_gradients_of_a_sum_of_squares"]),
    (
        1,
        "numerical_gradient_2d",
        [
            f"{PROGRAMS}::test_gradient_2d",
            "backprop/numerical/test_rows.py::test_all_rows_are_evaluated_in_one_stack",
        ],
    ),
    (1, "descent", [f"{PROGRAMS}::test_note_on_gradients", f"{PROGRAMS}::test_gradient_method"]),
    (2, "simpleNet", ["book/test_chapter4.py::test_simple_net", f"{HERE}::test_simple_net_s_dW"]),
    (1, "TwoLayerNet of chapter 4", [f"{HERE}::test_predict_gives_scores"]),
    (
        2,
        "learning numerically",
        ["backprop/demos/test_demos.py::test_learning_numerically_is_learning"],
    ),
    (2, "sigmoid_grad, relu_grad", [f"{HERE}::test_slopes"]),
    (
        4,
        "MulLayer, AddLayer, apples, oranges",
        [
            f"{PROGRAMS}::test_buy_apple",
            f"{PROGRAMS}::test_buy_apple_orange",
            "book/test_chapter5.py::test_a_product_turns_its_inputs_over",
            "book/test_chapter5.py::test_a_sum_hands_on_what_it_gets",
        ],
    ),
    (
        7,
        "graphs with numbers",
        [
            f"{HERE}::test_graphs_with_numbers",
            f"{FIGURES}/test_variable.py::test_apples_and_oranges_of_the_book",
            f"{FIGURES}/test_diagram.py::test_before_backward_there_are_no_derivatives",
        ],
    ),
    (5, "graphs with symbols", [f"{FIGURES}/test_symbols.py::test_the_figure_s_nodes_and_edges"]),
    (
        4,
        "ReLU and sigmoid",
        ["book/test_chapter5.py::test_relu_mask", f"{HERE}::test_sigmoid_by_both_routes"],
    ),
    (
        5,
        "Affine, tensors, dot",
        [f"{HERE}::test_products", "book/test_chapter5.py::test_affine_adds_the_bias_to_each_row"],
    ),
    (2, "SoftmaxWithLoss", [f"{HERE}::test_labels_of_both_kinds_give_one_loss"]),
    (1, "TwoLayerNet with random biases", [f"{PROGRAMS}::test_note_on_a_network"]),
    (
        1,
        "TwoLayerNet with slots, and the book's",
        [f"{PROGRAMS}::test_note_on_a_network", f"{PROGRAMS}::test_train_neuralnet"],
    ),
    (1, "gradient check", [f"{PROGRAMS}::test_gradient_check"]),
    (
        2,
        "16 epochs and their plot",
        [
            f"{PROGRAMS}::test_sixteen_epochs_on_the_full_data",
            "backprop/plotting/test_curves.py::test_accuracy_curves",
        ],
    ),
]


def test_there_are_eighty_and_each_has_its_test():
    assert sum(count for count, _, _ in ITEMS) == 80
    for _, what, tests in ITEMS:
        for file, _, name in (test.partition("::") for test in tests):
            tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
            found = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
            assert name in found, (what, file, name)


def test_softmax_of_four(case: Case):
    y = functions.softmax(case.array([0.3, 2.9, 4.0, 0.0]))
    case.check(y, [0.01796885, 0.2419279, 0.72679159, 0.01331165], rtol=1e-6)


def test_shapes_of_an_inference():
    net = TwoLayerNet(784, 50, 10, backend="cpu", seed=0)
    assert [net.params[key].shape for key in ("W1", "W2")] == [(784, 50), (50, 10)]
    assert net.predict(np.zeros((2000, 784), "float32")).shape == (2000, 10)
    assert net.predict(np.zeros(784, "float32")).shape == (10,)


def test_a_step_that_is_lost():
    """Section 4.3.1: 5 + 1e-49 is 5."""
    assert numerical_diff(lambda x: 0.01 * x**2 + 0.1 * x, 5, 1e-49) == 0.0


def test_simple_net_s_dW():
    """Scores that give the probabilities of one of the notes."""
    y = np.array([0.27093288, 0.23314532, 0.49592180])
    x, t = np.array([0.6, 0.9]), np.array([0, 0, 1])
    W = np.outer(x, np.log(y)) / np.sum(x**2)
    dW = numerical_gradient(lambda W: functions.softmax_loss(x @ W, t), W, 1e-4)
    expected = [[0.16255973, 0.13988719, -0.30244691], [0.24383959, 0.20983078, -0.45367037]]
    np.testing.assert_allclose(dW, expected, atol=2e-8)


def test_predict_gives_scores():
    net = TwoLayerNet(4, 3, 2, activation="sigmoid", dtype="float64", backend="cpu", seed=0)
    x, p = np.random.default_rng(0).random((5, 4)), net.params
    hidden = functions.sigmoid(x @ p["W1"] + p["b1"])
    np.testing.assert_allclose(net.predict(x), hidden @ p["W2"] + p["b2"])
    probabilities = functions.softmax(net.predict(x))
    np.testing.assert_allclose(np.sum(probabilities, axis=1), 1.0)
    np.testing.assert_allclose(
        functions.cross_entropy_error(probabilities, [0] * 5, eps=0), net.loss(x, [0] * 5)
    )


def test_slopes(case: Case):
    case.check(functions.sigmoid_grad(case.array([0.0])), [0.25])
    case.check(functions.relu_grad(case.array([-1.0, 0.0, 2.0])), [0.0, 0.0, 1.0])


def test_graphs_with_numbers():
    """Figures 5-3, 5-8, 5-11, 5-13 to 5-15, and (x + y) z."""
    a, b = graph.Variable(2.0, "a"), graph.Variable(3.0, "b")
    square = (a + b) ** 2
    square.backward()
    assert (float(square.value), float(a.grad), float(b.grad)) == (25.0, 10.0, 10.0)
    x, y, z = (graph.Variable(v) for v in (10.0, 5.0, 4.0))
    assert float((x + y).value) == 15.0
    assert float((x * y).value) == 50.0
    product = (x + y) * z
    product.backward(1.0)
    assert [float(v.grad) for v in (x, y, z)] == [4.0, 4.0, 15.0]


def test_sigmoid_by_both_routes():
    """Figures 5-19 to 5-22: node by node, and y (1 - y) in one."""
    x = graph.Variable(1.0)
    y = 1.0 / (1.0 + graph.exp(-x))
    y.backward()
    assert float(x.grad) == pytest.approx(0.196612, abs=1e-6)
    assert float(functions.sigmoid_grad(1.0)) == pytest.approx(float(x.grad))
    layer = Relu()
    assert layer.forward(np.array([[1.0, -0.5], [-2.0, 3.0]])).tolist() == [[1, 0], [0, 3]]


def test_products(case: Case):
    case.check(
        MatMul().forward(case.array([1.0, 2.0]), case.array([[1.0, 2, 3], [3, 4, 5]])), [7, 10, 13]
    )
    x = case.array(np.ones((2, 2, 2)))
    layer = Affine(case.array(np.ones((4, 3))), case.array([0.0, 1.0, 2.0]))
    case.check(layer.forward(x), [[4, 5, 6]] * 2)
    assert tuple(layer.backward(case.array(np.ones((2, 3)))).shape) == (2, 2, 2)


def test_labels_of_both_kinds_give_one_loss(case: Case):
    x = case.array([[0.3, 2.9, 4.0], [1.0, 0.0, 0.0]])
    net = Network({}, SoftmaxWithLoss())
    found = [net.loss(x, case.array(t)) for t in ([2, 0], [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])]
    if case.backend.has_values:
        assert float(found[0]) == pytest.approx(float(found[1]), rel=1e-6)
