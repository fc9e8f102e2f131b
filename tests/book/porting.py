"""What a reader changes in a program of the book's to run it on the library.

The programs in `programs/` are as a reader types them, with the book's own imports. Two ways lead to
the library. *Imports only*: `common.functions` and its like become `backprop.book`. *Definitions
deleted*: what a program defines and the library has goes too, and is imported instead.
"""

import ast
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = Path(__file__).parent / "programs"

BOOK_S = (
    *("common.functions", "common.gradient", "common.layers", "common.optimizer", "common.util"),
    *("common.trainer", "common.multi_layer_net", "common.multi_layer_net_extend"),
    "dataset.mnist",
)
"""The book's modules for which `backprop.book` stands."""
OWN = (
    *("and_gate", "nand_gate", "or_gate", "layer_naive", "two_layer_net"),
    *("simple_convnet", "deep_convnet"),
)
"""The reader's modules for which it stands too, once their definitions are deleted."""


@dataclass(frozen=True)
class Deleted:
    """What goes from a program, and the line that is written instead."""

    names: tuple[str, ...]
    line: str


def book(*names: str) -> Deleted:
    """Return the plainest case: the library has all of them under these names."""
    return Deleted(names, f"from backprop.book import {', '.join(names)}")


ROWS = "from backprop.book import numerical_gradient_2d as numerical_gradient"
NOTHING = Deleted((), "")

DELETED = {
    "ch02/and_gate": book("AND"),
    "ch02/nand_gate": book("NAND"),
    "ch02/or_gate": book("OR"),
    "ch02/xor_gate": book("XOR"),
    "ch03/step_function": book("step_function"),
    "ch03/sigmoid": book("sigmoid"),
    "ch03/relu": book("relu"),
    "ch03/sig_step_compare": book("sigmoid", "step_function"),
    "ch03/mnist_show": NOTHING,
    "ch03/neuralnet_mnist": NOTHING,
    "ch03/neuralnet_mnist_batch": NOTHING,
    "ch04/gradient_1d": book("numerical_diff"),
    "ch04/gradient_2d": Deleted(("_numerical_gradient_no_batch", "numerical_gradient"), ROWS),
    "ch04/gradient_method": book("gradient_descent"),
    "ch04/gradient_simplenet": NOTHING,
    "ch04/train_neuralnet": NOTHING,
    "ch04/two_layer_net": book("TwoLayerNet"),
    "ch05/buy_apple": NOTHING,
    "ch05/buy_apple_orange": NOTHING,
    "ch05/gradient_check": NOTHING,
    "ch05/layer_naive": book("AddLayer", "MulLayer"),
    "ch05/train_neuralnet": NOTHING,
    "ch05/two_layer_net": book("TwoLayerNet"),
    "ch06/batch_norm_gradient_check": NOTHING,
    "ch06/batch_norm_test": NOTHING,
    "ch06/hyperparameter_optimization": NOTHING,
    "ch06/optimizer_compare_mnist": NOTHING,
    "ch06/optimizer_compare_naive": NOTHING,
    "ch06/overfit_dropout": NOTHING,
    "ch06/overfit_weight_decay": NOTHING,
    "ch06/weight_init_activation_histogram": book("sigmoid"),
    "ch06/weight_init_compare": NOTHING,
    "ch07/apply_filter": NOTHING,
    "ch07/gradient_check": NOTHING,
    "ch07/train_convnet": NOTHING,
    "ch07/visualize_filter": NOTHING,
    "ch07/simple_convnet": book("SimpleConvNet"),
    "ch08/deep_convnet": book("DeepConvNet"),
    "ch08/half_float_network": NOTHING,
    "ch08/misclassified_mnist": NOTHING,
    "ch08/train_deepnet": NOTHING,
    "notes/gradients": Deleted(
        (
            "numerical_diff",
            "numerical_gradient_1d",
            "numerical_gradient_2d",
            "numerical_gradient",
            "gradient_descent",
        ),
        "from backprop.book import *",
    ),
    "notes/losses": book("mean_squared_error", "softmax", "cross_entropy_error", "softmax_loss"),
    "notes/perceptron": book("AND", "NAND", "OR", "XOR"),
    "notes/three_layer": book("step_function", "sigmoid", "relu", "identity_function", "softmax"),
    "notes/two_layer_net": book("TwoLayerNet"),
}
"""The programs, each with what is deleted from it."""


def imports_only(source: str) -> str:
    """Return a program that imports from `backprop.book` what it imports from the book's modules."""
    return _from_book(source, BOOK_S)


def definitions_deleted(program: str, source: str) -> str:
    """Return a program without its own definitions of what the library has."""
    lines = _from_book(source, BOOK_S + OWN).splitlines(keepends=True)
    deleted = DELETED[program]
    found = [
        node
        for node in ast.parse("".join(lines)).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name in deleted.names
    ]
    assert sorted(node.name for node in found) == sorted(deleted.names)
    for node in reversed(found):
        assert node.end_lineno is not None
        lines[node.lineno - 1 : node.end_lineno] = []
    return "".join([f"{deleted.line}\n", *lines])


def _from_book(source: str, modules: tuple[str, ...]) -> str:
    lines = source.splitlines(keepends=True)
    for i, line in enumerate(lines):
        for module in modules:
            if line.startswith(f"from {module} import "):
                lines[i] = line.replace(module, "backprop.book", 1)
    return "".join(lines)
