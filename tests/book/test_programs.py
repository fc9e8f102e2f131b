"""The book's own programs of chapter 5, in which only the imports are changed."""

import os
import runpy
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import backends
import backprop
from backprop import demos

PROGRAMS = Path(__file__).parent / "programs"


@pytest.fixture
def execute(monkeypatch, capsys):
    """Return a function that runs a program and returns its variables and what it printed."""
    monkeypatch.syspath_prepend(str(PROGRAMS))
    state = np.random.get_state()  # noqa: NPY002
    np.random.seed(0)  # noqa: NPY002

    def call(name):
        variables = runpy.run_path(str(PROGRAMS / name), run_name="__main__")
        return variables, capsys.readouterr().out

    yield call
    np.random.set_state(state)  # noqa: NPY002
    sys.modules.pop("two_layer_net", None)


def test_buy_apple(execute):
    assert execute("buy_apple.py")[1] == "price: 220\ndApple: 2.2\ndApple_num: 110\ndTax: 200\n"


def test_buy_apple_orange(execute):
    variables, out = execute("buy_apple_orange.py")
    assert out.startswith("price: 715\ndApple: 2.2\ndApple_num: 110\ndOrange: 3.3")
    assert out.endswith("\ndOrange_num: 165\ndTax: 650\n")
    assert variables["dorange"] == pytest.approx(3.3, rel=1e-15)


def test_gradient_check(execute):
    _, out = execute("gradient_check.py")
    differences = dict(line.split(":") for line in out.splitlines())
    assert list(differences) == ["W1", "b1", "W2", "b2"]
    assert all(0 < float(difference) < 1e-9 for difference in differences.values())


def check_learning(variables, out):
    losses = [float(loss) for loss in variables["train_loss_list"]]
    assert np.mean(losses[:10]) > 2.25
    assert np.mean(losses[-100:]) < 0.45
    assert len(variables["train_acc_list"]) == len(out.splitlines()) == 10
    assert variables["train_acc_list"][0] < 0.5
    assert variables["train_acc_list"][-1] > 0.88
    assert variables["test_acc_list"][-1] > 0.84


def test_train_neuralnet(execute):
    variables, out = execute("train_neuralnet.py")
    assert variables["network"].__class__.__module__ == "two_layer_net"
    check_learning(variables, out)


def test_train_neuralnet_with_the_network_of_the_library(execute, monkeypatch):
    library = SimpleNamespace(TwoLayerNet=backprop.TwoLayerNet)
    monkeypatch.setitem(sys.modules, "two_layer_net", library)
    variables, out = execute("train_neuralnet.py")
    assert isinstance(variables["network"], backprop.TwoLayerNet)
    check_learning(variables, out)


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
