"""The book's programs of chapters 2 to 5 and those of five notes on them, as a reader types them.

Once with nothing changed but the imports, once with their own definitions deleted; those that learn
also on PyTorch and JAX, with one line that brings the data there.
"""

import os
import pickle
import re
import runpy
import sys
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest

import backends
import backprop
from backprop import Network, book, demos, load_mnist_sample, numerical_gradient
from tests.book.porting import DELETED, PROGRAMS, definitions_deleted, imports_only

mpl.use("Agg")
import matplotlib.pyplot as plt

WAYS = ["imports only", "definitions deleted"]
BRING = (
    "x_train, t_train, x_test, t_test = map(backends.select().asarray, "
    "(x_train, t_train, x_test, t_test))\n"
)


@dataclass
class Outcome:
    """What a program left behind: its variables, what it printed, the lines that it drew."""

    variables: dict
    out: str
    lines: list


@pytest.fixture
def execute(monkeypatch, capsys, tmp_path):
    """Return a function that ports the programs of a folder and runs one of them."""
    before, state = set(sys.modules), np.random.get_state()  # noqa: NPY002
    np.random.seed(0)  # noqa: NPY002
    monkeypatch.setattr(book, "load_mnist", load_mnist_sample)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    lines = []
    monkeypatch.setattr(
        plt, "show", lambda: lines.extend(line.get_xydata() for line in plt.gca().get_lines())
    )

    def call(program, way, iterations=None, library=None):
        for path in (PROGRAMS / program).parent.glob("*.py"):
            text, name = path.read_text(encoding="utf-8"), f"{path.parent.name}/{path.stem}"
            text = imports_only(text) if way == WAYS[0] else definitions_deleted(name, text)
            if iterations is not None:
                text = text.replace("iters_num = 10000", f"iters_num = {iterations}")
            if library is not None and name == program:
                monkeypatch.setenv("BACKPROP_LIBRARY", library)
                text, count = re.subn(r"^(.* = load_mnist\(.*\n)", rf"\1{BRING}", text, flags=re.M)
                text = f"import backends\n{text}"
                assert count == 1
            (tmp_path / path.name).write_text(text, encoding="utf-8")
        capsys.readouterr()
        variables = runpy.run_path(f"{program.rpartition('/')[2]}.py", run_name="__main__")
        return Outcome(variables, capsys.readouterr().out, lines)

    yield call
    plt.close("all")
    np.random.set_state(state)  # noqa: NPY002
    for name in {path.stem for path in PROGRAMS.rglob("*.py")} & (set(sys.modules) - before):
        del sys.modules[name]


both_ways = pytest.mark.parametrize("way", WAYS)


def test_every_program_is_listed():
    found = {f"{path.parent.name}/{path.stem}" for path in PROGRAMS.rglob("*.py")}
    assert found == set(DELETED)


@both_ways
@pytest.mark.parametrize(
    ("gate", "answers"), [("and", "0001"), ("nand", "1110"), ("or", "0111"), ("xor", "0110")]
)
def test_gates(execute, way, gate, answers):
    out = execute(f"ch02/{gate}_gate", way).out
    pairs = ["(0, 0)", "(1, 0)", "(0, 1)", "(1, 1)"]
    assert out.splitlines() == [f"{p} -> {a}" for p, a in zip(pairs, answers, strict=True)]


X = np.arange(-5.0, 5.0, 0.1)
CURVES = {
    "step_function": [X > 0],
    "sigmoid": [1 / (1 + np.exp(-X))],
    "relu": [np.maximum(X, 0)],
    "sig_step_compare": [1 / (1 + np.exp(-X)), X > 0],
}


@both_ways
@pytest.mark.parametrize("name", CURVES)
def test_curves_of_activations(execute, way, name):
    found = execute(f"ch03/{name}", way)
    for line, y in zip(found.lines, CURVES[name], strict=True):
        np.testing.assert_allclose(line, np.stack([X, y], axis=1), rtol=1e-12, atol=1e-12)
    printed = {"step_function": "[0 1 1]\n", "sigmoid": "[0.26894142 0.73105858 0.88079708]\n"}
    assert found.out == printed.get(name, "")


@both_ways
def test_mnist_show(execute, way, monkeypatch):
    image, shown = pytest.importorskip("PIL.Image"), []
    monkeypatch.setattr(image.Image, "show", lambda self: shown.append(self.size))
    (_, t_train), _ = load_mnist_sample()
    assert execute("ch03/mnist_show", way).out == f"{t_train[0]}\n(784,)\n(28, 28)\n"
    assert shown == [(28, 28)]


@both_ways
@pytest.mark.parametrize("name", ["neuralnet_mnist", "neuralnet_mnist_batch"])
def test_inference(execute, way, name, tmp_path):
    rng = np.random.default_rng(0)
    sizes = [(784, 50), (50, 100), (100, 10)]
    params = {f"W{i}": 0.3 * rng.standard_normal(size) for i, size in enumerate(sizes, 1)}
    params |= {f"b{i}": 0.3 * rng.standard_normal(size[1]) for i, size in enumerate(sizes, 1)}
    (tmp_path / "sample_weight.pkl").write_bytes(pickle.dumps(params))
    accuracy = Network.from_params(params, "sigmoid").accuracy(*load_mnist_sample()[1])
    assert execute(f"ch03/{name}", way).out == f"Accuracy:{accuracy}\n"


@both_ways
def test_gradient_1d(execute, way):
    found = execute("ch04/gradient_1d", way)
    assert found.out == "0.1999999999990898\n"
    x, tangent = found.lines[1].T
    np.testing.assert_allclose(tangent, 0.2 * x - 0.25, atol=1e-9)


@both_ways
def test_gradient_2d(execute, way):
    found = execute("ch04/gradient_2d", way).variables
    points = np.stack([found["X"], found["Y"]])
    assert points.shape == (2, 324)
    np.testing.assert_allclose(found["grad"], 2 * points, atol=1e-9)


@both_ways
def test_gradient_method(execute, way):
    found = execute("ch04/gradient_method", way)
    assert found.out == "[-0.03458765  0.04611686]\n"
    assert found.variables["x_history"].shape == (20, 2)
    path = [-3.0, 4.0] * 0.8 ** np.arange(20)[:, None]
    np.testing.assert_allclose(found.lines[2], path, rtol=1e-9)


@both_ways
def test_gradient_simplenet(execute, way):
    found = execute("ch04/gradient_simplenet", way).variables
    x, W = found["x"], found["net"].W
    y = np.exp(x @ W) / np.sum(np.exp(x @ W))
    np.testing.assert_allclose(found["dW"], np.outer(x, y - found["t"]), rtol=1e-5)


@both_ways
def test_buy_apple(execute, way):
    out = execute("ch05/buy_apple", way).out
    assert out == "price: 220\ndApple: 2.2\ndApple_num: 110\ndTax: 200\n"


@both_ways
def test_buy_apple_orange(execute, way):
    found = execute("ch05/buy_apple_orange", way)
    assert found.out.startswith("price: 715\ndApple: 2.2\ndApple_num: 110\ndOrange: 3.3")
    assert found.out.endswith("\ndOrange_num: 165\ndTax: 650\n")
    assert found.variables["dorange"] == pytest.approx(3.3, rel=1e-15)


def differences(out):
    found = dict(line.split(":") for line in out.splitlines())
    assert list(found) == ["W1", "b1", "W2", "b2"]
    return [float(difference) for difference in found.values()]


@pytest.mark.parametrize(
    ("gradient", "bound"), [(book.numerical_gradient, 1e-9), (numerical_gradient, 1e-10)]
)
def test_gradient_check(execute, monkeypatch, gradient, bound):
    """With the book's step, and with one that is chosen; no kink of Relu lies within a step."""
    np.random.seed(0)  # noqa: NPY002 - the book's generator
    monkeypatch.setattr(book, "numerical_gradient", gradient)
    found = differences(execute("ch05/gradient_check", WAYS[0]).out)
    assert min(found) > 0
    assert max(found) < bound


@pytest.mark.parametrize("library", [None, "torch", "jax"])
@pytest.mark.filterwarnings("ignore:__array_wrap__:DeprecationWarning")  # NumPy's, of torch
def test_gradient_check_of_the_library_s_network(execute, monkeypatch, library):
    """Its parameters are float32: a kink of Relu may lie within a step."""
    monkeypatch.setattr(backends.Backend, "rng", lambda self, seed=None: np.random.default_rng(0))
    pytest.importorskip(library or "numpy")
    found = differences(execute("ch05/gradient_check", WAYS[1], library=library).out)
    assert len(found) == 4
    assert all(difference < 1e-5 for difference in found)
    assert sorted(found)[1] < 1e-7  # what lies behind the Relu meets none


def check_learning(found, epochs=10):
    losses = [float(loss) for loss in found.variables["train_loss_list"]]
    accuracies = [found.variables[f"{name}_acc_list"] for name in ("train", "test")]
    assert np.mean(losses[:10]) > 2.25
    assert len(accuracies[0]) == len(found.out.splitlines()) == epochs
    assert accuracies[0][0] < 0.5
    return np.mean(losses[-100:]), accuracies[0][-1], accuracies[1][-1]


@both_ways
def test_train_neuralnet(execute, way):
    """Layers of the library in a class of the reader's, and the library's network."""
    found = execute("ch05/train_neuralnet", way, iterations=1000)
    module = {WAYS[0]: "two_layer_net", WAYS[1]: "backprop.networks.two_layer_net"}[way]
    assert found.variables["network"].__class__.__module__ == module
    loss, train, test = check_learning(found)
    assert loss < 0.45
    assert train > 0.88
    assert test > 0.84


@both_ways
def test_train_neuralnet_of_chapter_4(execute, way):
    """Functions of the library; a sigmoid starts slower."""
    loss, train, test = check_learning(execute("ch04/train_neuralnet", way, iterations=1000))
    assert loss < 1.2
    assert train > 0.7
    assert test > 0.65


@pytest.mark.parametrize("library", ["torch", "jax"])
@pytest.mark.parametrize("chapter", ["ch04", "ch05"])
def test_train_neuralnet_with_one_line_on_other_libraries(execute, library, chapter):
    pytest.importorskip(library)
    found = execute(f"{chapter}/train_neuralnet", WAYS[1], iterations=301, library=library)
    net = found.variables["network"]
    assert net.backend.name == backends.of(found.variables["x_train"]).name == library
    assert check_learning(found, epochs=4)[1] > (0.3 if chapter == "ch04" else 0.7)


def test_numerical_gradient_of_chapter_4(execute):
    """The line that the book has as a comment: learning by the numerical gradient alone."""
    network = execute("ch04/two_layer_net", WAYS[0]).variables["TwoLayerNet"](4, 3, 2)
    x, t = np.random.default_rng(0).random((5, 4)), np.eye(2)[[0, 1, 1, 0, 1]]
    numerical, own = network.numerical_gradient(x, t), network.gradient(x, t)
    for key in own:
        np.testing.assert_allclose(numerical[key], own[key], atol=1e-6)


@both_ways
def test_note_on_perceptrons(execute, way):
    rows = execute("notes/perceptron", way).out.splitlines()
    assert rows == [str([int(v) for v in s]) for s in ("0001", "0001", "1110", "0111", "0110")]


@both_ways
def test_note_on_three_layers(execute, way):
    assert execute("notes/three_layer", way).out.splitlines() == [
        "[0 1 1]",
        "[0.26894142 0.73105858 0.88079708]",
        "[0. 1. 2.]",
        "[0.31682708 0.69627909]",
        "[0.01821127 0.24519181 0.73659691]",
        "1.0",
    ]


@both_ways
def test_note_on_losses(execute, way):
    rows = execute("notes/losses", way).out.split()
    expected = [0.0975, 0.5975, 0.510825457, 2.302584093, 1.406704775, 1.406704775, 1.356660214]
    np.testing.assert_allclose([float(v) for v in rows], expected, rtol=1e-6)


@both_ways
def test_note_on_gradients(execute, way):
    rows = execute("notes/gradients", way).out.splitlines()
    assert rows[:4] == ["0.1999999999990898", "0.2999999999986347", "6.00000000000378", "[6. 8.]"]
    assert " ".join(rows[4:7]).split() == ["[[6.", "8.]", "[0.", "4.]", "[6.", "0.]]"]
    assert [" ".join(row.split()) for row in rows[7:]] == [
        "[-6.11110793e-10 8.14814391e-10]",
        "[-2.58983747e+13 -1.29524862e+12]",
        "[-2.99999994 3.99999992]",
    ]


def test_note_on_a_network(execute):
    found = execute("notes/two_layer_net", WAYS[0], iterations=401).variables
    assert found["test_acc_list"][0] < 0.4
    assert found["test_acc_list"][-1] > 0.75


def test_note_on_a_network_with_its_definition_deleted(execute):
    found = execute("notes/two_layer_net", WAYS[1], iterations=401).variables
    assert isinstance(found["network"], backprop.TwoLayerNet)
    assert found["test_acc_list"][-1] > 0.75


@pytest.mark.skipif("MNIST_DIR" not in os.environ, reason="MNIST_DIR is not set")
def test_sixteen_epochs_on_the_full_data(capsys):
    """The table of section 5.7.4: about 90 % after one epoch, about 97 % after sixteen."""

    def data():
        return backprop.load_mnist(path=os.environ["MNIST_DIR"])

    demos.run("learn-backprop", demos.Settings(backends.host(), data=data))
    rows = [row.split() for row in capsys.readouterr().out.splitlines()[1:]]
    train, test = ([float(row[i].rstrip("%")) for row in rows] for i in (1, 2))
    assert len(rows) == 16
    assert 88 < train[0] < 92
    assert 88 < test[0] < 92
    assert train[-1] > 97
    assert 96 < test[-1] < 98


@pytest.mark.skipif(
    not {"MNIST_DIR", "BOOK_DIR"} <= set(os.environ), reason="MNIST_DIR or BOOK_DIR is not set"
)
@both_ways
def test_inference_with_the_book_s_weights(execute, way, tmp_path, monkeypatch):
    weights = Path(os.environ["BOOK_DIR"]) / "sample_weight.pkl"
    (tmp_path / weights.name).write_bytes(weights.read_bytes())

    def full(**flags):
        return backprop.load_mnist(path=os.environ["MNIST_DIR"], **flags)

    monkeypatch.setattr(book, "load_mnist", full)
    assert execute("ch03/neuralnet_mnist_batch", way).out == "Accuracy:0.9352\n"
