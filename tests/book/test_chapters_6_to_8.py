"""The book's programs of chapters 6 to 8, as a reader types them, in short versions.

Once with nothing changed but the imports, once with the reader's own networks deleted too. The
numbers that the book prints for long runs are checked where MNIST_DIR and BOOK_DIR are set.
"""

import itertools
import os
import re
import runpy
import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest

import backprop
from backends import backend
from backprop import book, load_mnist_sample
from tests.book.porting import PROGRAMS, definitions_deleted, imports_only

mpl.use("Agg")
import matplotlib.pyplot as plt

WAYS = ["imports only", "definitions deleted"]
both_ways = pytest.mark.parametrize("way", WAYS)
full_data = pytest.mark.skipif(
    not {"MNIST_DIR", "BOOK_DIR"} <= set(os.environ), reason="MNIST_DIR or BOOK_DIR is not set"
)


@pytest.fixture
def execute(monkeypatch, capsys, tmp_path):
    """Return a function that ports the programs of a folder, shortens one and runs it."""
    before, state = set(sys.modules), np.random.get_state()  # noqa: NPY002
    np.random.seed(0)  # noqa: NPY002
    monkeypatch.setattr(book, "load_mnist", load_mnist_sample)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(plt, "show", lambda: plt.close("all"))

    def call(program, way=WAYS[0], **shorter):
        for path in (PROGRAMS / program).parent.glob("*.py"):
            text, name = path.read_text(encoding="utf-8"), f"{path.parent.name}/{path.stem}"
            text = imports_only(text) if way == WAYS[0] else definitions_deleted(name, text)
            if name == program:
                for old, new in shorter.items():
                    pattern = rf"^( *{old} ?= ?)(?!{old}).+?(,?)$"
                    text, count = re.subn(pattern, rf"\g<1>{new}\g<2>", text, flags=re.M)
                    assert count == 1, (old, count)
            (tmp_path / path.name).write_text(text, encoding="utf-8")
        capsys.readouterr()
        variables = runpy.run_path(f"{program.rpartition('/')[2]}.py", run_name="__main__")
        return variables, capsys.readouterr().out

    yield call
    plt.close("all")
    np.random.set_state(state)  # noqa: NPY002
    for name in {path.stem for path in PROGRAMS.rglob("*.py")} & (set(sys.modules) - before):
        del sys.modules[name]


def test_optimizer_compare_naive(execute):
    rows = [line.split() for line in execute("ch06/optimizer_compare_naive")[1].splitlines()]
    expected = {
        "SGD": (-0.3503929957523197, 0.0847823165504322),
        "Momentum": (0.896413858493733, 0.08808560171506971),
        "AdaGrad": (-0.12016232231416045, 2.486389893984459e-17),
        "Adam": (0.13600685239498186, 0.31824537553721943),
    }
    assert [row[0] for row in rows] == list(expected)
    for name, *end in rows:
        assert [float(v) for v in end] == pytest.approx(expected[name], rel=1e-13, abs=0)


def test_optimizer_compare_mnist(execute):
    found, _ = execute("ch06/optimizer_compare_mnist", max_iterations=100)
    ends = {name: np.mean(losses[-20:]) for name, losses in found["train_loss"].items()}
    assert ends["SGD"] > ends["Momentum"] > ends["AdaGrad"] > 0
    assert ends["Adam"] < 0.5 < ends["SGD"]


@both_ways
def test_activations_pile_up_at_both_ends(execute, way):
    np.random.seed(0)  # noqa: NPY002 - the program draws by the global generator
    found, _ = execute("ch06/weight_init_activation_histogram", way)
    shares = [np.mean((a < 0.05) | (a > 0.95)) for a in found["activations"].values()]
    assert len(shares) == 5
    assert all(0.6 < share < 0.8 for share in shares)  # at a standard deviation of 1


def test_weight_init_compare(execute):
    found, _ = execute("ch06/weight_init_compare", max_iterations=200)
    ends = {name: np.mean(losses[-20:]) for name, losses in found["train_loss"].items()}
    assert ends["std=0.01"] == pytest.approx(np.log(10), abs=0.01)
    assert ends["He"] < ends["Xavier"] < 2.25


def test_curves_are_smoothed_and_go_on_mirrored():
    window = np.kaiser(11, 2) / np.kaiser(11, 2).sum()
    assert book.smooth_curve(np.eye(1, 13, 6)[0])[1:12] == pytest.approx(window)
    squares = np.arange(12.0) ** 2
    first, last = [5, 4, 3, 2, 1, 0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11, 11, 10, 9, 8, 7]
    ends = [window @ squares[first], window @ squares[last]]  # the last point comes twice
    assert book.smooth_curve(squares)[[0, -1]] == pytest.approx(ends)
    longer = np.array([1, 0, 1, 0, 1, 0, 1, 1, 0, 1, 0, 1])
    assert book.smooth_curve([0, 1]) == pytest.approx([window @ longer[:-1], window @ longer[1:]])
    assert book.smooth_curve([3]).tolist() == [3.0]


def test_overfit_weight_decay(execute):
    with_decay = execute("ch06/overfit_weight_decay", max_epochs=30)[0]
    without = execute("ch06/overfit_weight_decay", max_epochs=30, weight_decay_lambda=0)[0]
    assert len(with_decay["train_acc_list"]) == 30
    size = {
        name: sum(float(np.sum(p**2)) for p in found["network"].params.values())
        for name, found in (("with", with_decay), ("without", without))
    }
    assert size["with"] < 0.9 * size["without"]
    assert without["train_acc_list"][-1] > 0.5


def test_overfit_dropout(execute):
    found, out = execute("ch06/overfit_dropout", epochs=20)
    layers = found["network"].layers
    assert (layers["Dropout1"].ratio, layers["Dropout1"].inverted) == (0.2, False)
    assert len(found["train_acc_list"]) == 20
    assert found["train_acc_list"][-1] > found["train_acc_list"][0]
    assert out.splitlines()[-2] == "=============== Final Test Accuracy ==============="


def test_batch_normalization_learns_where_weights_are_small(execute):
    found, _ = execute(
        "ch06/batch_norm_test", max_epochs=8, weight_scale_list="np.logspace(-1, -3, num=2)"
    )
    (plain_large, normal_large), (plain_small, normal_small) = found["results"]
    assert min(normal_large, normal_small) > plain_small + 0.1
    assert plain_small < 0.25


def test_a_network_that_diverges_has_an_accuracy_in_the_book_s_programs():
    net = book.MultiLayerNetExtend(4, [3], 3, seed=0)
    net.params["W1"] = np.full((4, 3), np.nan, np.float32)
    x, t = np.ones((4, 4)), np.array([0, 1, 0, 2])
    assert net.accuracy(x, t) == 0.5
    assert net.accuracy(x, np.eye(3)[t]) == 0.5
    with pytest.raises(backprop.NotFiniteError):
        backprop.MultiLayerNetExtend.accuracy(net, x, t)
    masked = book.MultiLayerNetExtend(4, [8], 3, use_dropout=True, seed=0)
    assert masked.loss(x, t) == masked.loss(x, t, train_flg=False) != masked.loss(x, t, True)
    assert (masked.predict(x) != masked.predict(x, train_flg=True)).any()


def test_batch_norm_gradient_check(execute):
    """A batch of one is 0 after normalization, on the kink of Relu: only what lies behind counts."""
    found, out = execute(
        "ch06/batch_norm_gradient_check",
        input_size="784, hidden_size_list=[8, 8], output_size=10, use_batchnorm=True",
        x_batch="x_train[:5]",
        t_batch="t_train[:5]",
    )
    rows = dict(line.split(":") for line in out.splitlines())
    assert list(rows) == [
        *("W1", "b1", "gamma1", "beta1", "W2", "b2", "gamma2", "beta2", "W3", "b3")
    ]
    assert all(float(difference) < 1e-6 for difference in rows.values())
    one = backprop.gradcheck(
        book.MultiLayerNetExtend(6, [5], 3, use_batchnorm=True, seed=0, dtype="float64"),
        np.random.default_rng(0).random((1, 6)),
        np.array([1]),
    )
    assert one["beta1"].verdict == "kink"


def test_hyperparameter_optimization(execute):
    found, out = execute(
        "ch06/hyperparameter_optimization",
        optimization_trial=3,
        lr="10 ** np.random.uniform(-4, -2)",
    )
    accuracies = [float(line.split("val acc:")[1].split(")")[0]) for line in out.splitlines()]
    assert len(accuracies) == 3
    assert accuracies == sorted(accuracies, reverse=True)
    assert all("lr:" in line and "weight decay:" in line for line in out.splitlines())
    assert found["x_train"].shape == (400, 784)


@both_ways
def test_gradient_check_of_a_convolutional_network(execute, way):
    _, out = execute("ch07/gradient_check", way)
    rows = dict(line.split() for line in out.splitlines())
    assert list(rows) == ["W1", "b1", "W2", "b2", "W3", "b3"]
    assert all(float(difference) < 1e-3 for difference in rows.values())  # a kink may be near
    assert float(rows["b3"]) < 1e-7


@both_ways
def test_train_convnet_and_look_at_its_filters(execute, way, monkeypatch):
    found, out = execute("ch07/train_convnet", way, max_epochs=0.6)
    losses = [float(loss) for loss in found["trainer"].train_loss_list]
    assert len(losses) == 60
    assert np.mean(losses[-10:]) < 0.7 < np.mean(losses[:3])
    assert out.endswith("Saved Network Parameters!\n")
    trained = {name: np.array(p) for name, p in found["network"].params.items()}
    found, _ = execute("ch07/visualize_filter", way)
    for name, value in trained.items():
        np.testing.assert_array_equal(found["network"].params[name], value)
    picture = np.random.default_rng(0).random((32, 40))
    monkeypatch.setattr(mpl.image, "imread", lambda path: picture)
    if way == WAYS[1]:  # the program's own biases are float64, the library's filters float32
        with pytest.raises(TypeError, match="`b` must have dtype float32; got float64"):
            execute("ch07/apply_filter", way)
        return
    found, _ = execute("ch07/apply_filter", way)
    assert found["out"].shape == (28, 36)


@both_ways
def test_deep_network_learns_and_its_file_is_read(execute, way):
    found, out = execute("ch08/train_deepnet", way, epochs=0.02)
    assert len(found["trainer"].train_loss_list) == 2
    assert out.endswith("Saved Network Parameters!\n")
    found, out = execute("ch08/misclassified_mnist", way, sampled=100)
    assert out.startswith("calculating test accuracy ... \ntest accuracy:0.")
    assert len(found["mis_pairs"]) == 20
    assert all(label != answer for label, answer in found["mis_pairs"].values())
    _, out = execute("ch08/half_float_network", way, sampled=200)
    wide, narrow = (float(line) for line in out.splitlines()[1::2])
    assert abs(wide - narrow) <= 0.02


@pytest.fixture
def all_of_mnist(monkeypatch):
    """Let the programs read all of MNIST, and draw the same weights and masks each time."""
    seeds, generator = itertools.count(), backend.generator
    monkeypatch.setattr(
        backend, "generator", lambda seed=None: generator(next(seeds) if seed is None else seed)
    )

    def full(**flags):
        return backprop.load_mnist(path=os.environ["MNIST_DIR"], **flags)

    monkeypatch.setattr(book, "load_mnist", full)


@full_data
@both_ways
def test_the_books_deep_network(execute, way, tmp_path, all_of_mnist):
    weights = Path(os.environ["BOOK_DIR"]) / "deep_convnet.pkl"
    (tmp_path / "deep_convnet_params.pkl").write_bytes(weights.read_bytes())
    found, out = execute("ch08/misclassified_mnist", way)
    assert out.splitlines()[1] == "test accuracy:0.976"
    assert len(found["mis_pairs"]) == 20
    _, out = execute("ch08/half_float_network", way)
    wide, narrow = (float(line) for line in out.splitlines()[1::2])
    assert wide == 0.9797
    assert narrow == pytest.approx(0.9798, abs=3e-4)


@full_data
def test_losses_of_the_book_after_1900_steps(execute, all_of_mnist):
    """It prints those of single batches: they are among what batches around there give here."""
    found, _ = execute("ch06/optimizer_compare_mnist")
    printed = {"SGD": 0.150, "Momentum": 0.050, "AdaGrad": 0.016, "Adam": 0.032}
    means = []
    for name, loss in printed.items():
        ends = found["train_loss"][name][1850:1950]
        assert min(ends) < loss < max(ends)
        assert np.mean(ends) == pytest.approx(loss, rel=1.5)
        means.append(np.mean(ends))
    assert means[0] > means[1] > max(means[2:])
    found, _ = execute("ch06/weight_init_compare")
    ends = {name: np.mean(losses[1850:1950]) for name, losses in found["train_loss"].items()}
    assert ends["std=0.01"] == pytest.approx(2.305, abs=0.01)
    for name, loss in {"Xavier": 0.377, "He": 0.286}.items():
        assert min(found["train_loss"][name][1850:1950]) < loss
        assert max(found["train_loss"][name][1850:1950]) > loss
        assert ends[name] == pytest.approx(loss, rel=0.6)


@full_data
def test_accuracies_of_the_book_on_300_digits(execute, all_of_mnist):
    found, _ = execute("ch06/overfit_weight_decay")
    assert np.mean(found["train_acc_list"][-10:]) == pytest.approx(0.927, abs=0.05)
    assert np.mean(found["test_acc_list"][-10:]) == pytest.approx(0.721, abs=0.03)
    found, _ = execute("ch06/overfit_weight_decay", weight_decay_lambda=0)
    assert found["train_acc_list"][-1] == 1.0
    assert found["test_acc_list"][-1] == pytest.approx(0.756, abs=0.04)
    found, _ = execute("ch06/overfit_dropout")
    assert found["test_acc_list"][-1] == pytest.approx(0.548, abs=0.1)


@full_data
@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value")
def test_batch_normalization_at_the_book_s_scales(execute, all_of_mnist):
    found, _ = execute("ch06/batch_norm_test")
    plain, normal = np.array(found["results"]).T
    assert len(plain) == 16
    assert normal[6:10].min() > 0.97
    assert normal.max() == pytest.approx(1.0, abs=0.005)
    assert plain[9:] == pytest.approx(np.full(7, 0.117), abs=0.01)
