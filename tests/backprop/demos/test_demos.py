import re

import numpy as np
import pytest

import backends
from backprop import Network, TwoLayerNet, demos, load_mnist_sample, save_network, save_params
from backprop.demos import learn_backprop, learn_numerically
from tests.support import Case

NUMBER = re.compile(r"(?<![\w.])-?\d+\.?\d*(?:e[+-]?\d+)?")

GATES = """\
x1 x2  AND NAND  OR XOR
 0  0    0    1   0   0
 1  0    0    1   1   1
 0  1    0    1   1   1
 1  1    1    0   1   0
XOR of whole arrays: [0. 1. 1. 0.]
"""
ACTIVATIONS = """\
x       [-1.  1.  2.]
step    [0. 1. 1.]
sigmoid [0.26894142 0.73105858 0.88079708]
relu    [0. 1. 2.]
tanh    [-0.76159416  0.76159416  0.96402758]
"""
THREE_LAYER = """\
x         [1.  0.5]
Affine1   [0.3 0.7 1.1]
Sigmoid1  [0.57444252 0.66818777 0.75026011]
Affine2   [0.51615984 1.21402696]
Sigmoid2  [0.62624937 0.7710107 ]
Affine3   [0.31682708 0.69627909]
"""
SOFTMAX = """\
softmax of [0.3, 2.9, 4.0]: [0.01821127 0.24519181 0.73659691]
their sum: 1.0  the largest: 2
softmax of [1010.0, 1000.0, 990.0]: [9.99954600e-01 4.53978686e-05 2.06106005e-09]
their sum: 1.0  the largest: 0
"""
LOSSES = """\
the digit is 2, and 2 is the most probable answer:
  sum of squared errors: 0.09750000000000003
  cross-entropy error:   0.510825457099338
the digit is 2, and 7 is the most probable answer:
  sum of squared errors: 0.5975
  cross-entropy error:   2.302584092994546
"""
NUMERICAL_DIFF = """\
f(x) = 0.01 x² + 0.1 x
  at x = 5:  0.1999999999990898
  at x = 10: 0.2999999999986347
f(x0, x1) = x0² + x1² at (3, 4)
  by x0: 6.00000000000378
  by x1: 7.999999999999119
"""
GRADIENT_DESCENT = """\
gradient at [3.0, 4.0]: [6. 8.]
gradient at [0.0, 2.0]: [0. 4.]
gradient at [3.0, 0.0]: [6. 0.]
100 steps from [-3, 4] with learning rate 0.1: [-6.11110793e-10  8.14814391e-10]
100 steps from [-3, 4] with learning rate 10.0: [-2.58983747e+13 -1.29524862e+12]
100 steps from [-3, 4] with learning rate 1e-10: [-2.99999994  3.99999992]
"""
SIMPLE_NET = """\
prediction: [1.05414809 0.63071653 1.1328074 ]
argmax: 2
loss: 0.92806854
dW, numerically:
[[ 0.21924763  0.14356247 -0.36281009]
 [ 0.32887144  0.2153437  -0.54421514]]
dW, by backpropagation:
[[ 0.21924763  0.14356247 -0.36281009]
 [ 0.32887144  0.2153437  -0.54421514]]
"""
APPLE = """\
price: 220
by the price of an apple:   2.2
by the number of apples:    110
by the tax:                 200
"""
APPLE_ORANGE = """\
price: 715
by the number of apples:    110
by the price of an apple:   2.2
by the price of an orange:  3.3
by the number of oranges:   165
by the tax:                 650
"""
PRINTED = {
    "gates": GATES,
    "activations": ACTIVATIONS,
    "three-layer": THREE_LAYER,
    "softmax": SOFTMAX,
    "losses": LOSSES,
    "numerical-diff": NUMERICAL_DIFF,
    "gradient-descent": GRADIENT_DESCENT,
    "simple-net": SIMPLE_NET,
    "apple": APPLE,
    "apple-orange": APPLE_ORANGE,
}
PICTURES = {
    "gates": {"gates.png"},
    "activations": {"activations.png"},
    "mnist-inference": {"digits.png", "confusion-matrix.png", "weights.png"},
    "mini-batch": {"mini-batch.png"},
    "losses": {"negative-log.png"},
    "numerical-diff": {"tangents.png", "surface.png"},
    "gradient-descent": {"gradient-field.png", "descent-path.png"},
    "three-layer": {"three-layer.svg"},
    "simple-net": {"simple-net.svg"},
    "gradient-check": {"gradient-check.svg"},
    "apple": {"apple.svg"},
    "apple-orange": {"apple-orange.svg"},
    "learn-backprop": {"accuracy.png", "loss.png", "weights.png"},
}
FORMATS = {".png": b"\x89PNG", ".svg": b"<?xml"}


def few_digits():
    """Return 1,000 training and 150 test digits."""
    (x_train, t_train), (x_test, t_test) = load_mnist_sample()
    return (x_train[:1000], t_train[:1000]), (x_test[:150], t_test[:150])


@pytest.mark.parametrize("name", PRINTED)
def test_the_books_numbers_are_printed(name, capsys):
    demos.run(name, demos.Settings(backends.host()))
    assert capsys.readouterr().out == PRINTED[name]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.needs_indices] * (name in ("softmax", "simple-net")))
        for name in PRINTED
    ],
)
@pytest.mark.needs_values
def test_on_every_library(case: Case, name, capsys):
    demos.run(name, demos.Settings(case.backend))
    printed = [float(n) for n in NUMBER.findall(capsys.readouterr().out)]
    expected = [float(n) for n in NUMBER.findall(PRINTED[name])]
    assert len(printed) == len(expected)
    if case.backend.has_float64:
        assert printed == pytest.approx(expected, rel=1e-7, abs=1e-8)
    elif name not in ("numerical-diff", "gradient-descent", "simple-net"):  # small steps are lost
        assert printed == pytest.approx(expected, rel=1e-4, abs=1e-7)


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_are_written_into_a_new_folder(name, tmp_path, capsys):
    settings = demos.Settings(backends.host(), tmp_path / "new" / "folder", few_digits)
    demos.run(name, settings)
    written = list((tmp_path / "new" / "folder").iterdir())
    assert {path.name for path in written} == PICTURES[name]
    assert sorted(settings.pictures) == sorted(written)
    assert all(path.read_bytes().startswith(FORMATS[path.suffix]) for path in written)
    out = capsys.readouterr().out
    assert all(f"written: {path}" in out for path in written)


@pytest.mark.parametrize("name", ["apple", "apple-orange"])
def test_graphs_show_what_is_printed(name, tmp_path, capsys):
    demos.run(name, demos.Settings(backends.host(), tmp_path))
    printed, _, _ = capsys.readouterr().out.partition("written")
    drawn = (tmp_path / f"{name}.svg").read_text(encoding="utf-8")
    texts = re.findall(r"<text [^>]*>([^<]*)</text>", drawn)
    assert {"price", "apple", "apples", "tax", "1"} < set(texts)
    assert set(re.findall(r": +(\S+)", printed)) < set(texts)


def test_no_picture_is_drawn_without_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    demos.run("gates", demos.Settings(backends.host()))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.needs_values
def test_a_mini_batch(case: Case, capsys):
    demos.run("mini-batch", demos.Settings(case.backend, data=few_digits))
    out = capsys.readouterr().out
    assert "x_train: (1000, 784)\nt_train: (1000, 10) as one-hot rows\n" in out
    chosen = [int(n) for n in NUMBER.findall(out.splitlines()[2])]
    labels = [int(n) for n in NUMBER.findall(out.splitlines()[3])]
    assert labels == few_digits()[0][1][chosen].tolist()
    assert len(set(chosen)) > 5
    with_labels, with_rows = re.findall(r"mean loss .*: +([\d.]+)", out)
    assert with_labels == with_rows
    assert float(with_labels) == pytest.approx(np.log(10), abs=0.02)


@pytest.mark.needs_values
@pytest.mark.needs_indices
def test_inference_without_parameters_learns_first(case: Case, capsys):
    demos.run("mnist-inference", demos.Settings(case.backend, data=few_digits))
    out = capsys.readouterr().out
    assert out.startswith("no --params FILE: a small network learns first\nW1 (784, 50)\n")
    accuracy, correct = re.findall(r"Accuracy: ([\d.]+) \((\d+) of 150 test images\)", out)[0]
    assert float(accuracy) == int(correct) / 150
    assert int(correct) > 50


@pytest.mark.parametrize(
    ("metadata", "activation"), [({}, "sigmoid"), ({"activation": "relu"}, "relu")]
)
def test_inference_with_parameters(tmp_path, capsys, metadata, activation):
    params = TwoLayerNet(784, 5, 10, 1.0, backend="cpu", seed=0).params
    save_params(tmp_path / "p.safetensors", params, metadata)
    demos.run(
        "mnist-inference",
        demos.Settings(backends.host(), data=few_digits, params=tmp_path / "p.safetensors"),
    )
    accuracies = {
        name: Network.from_params(params, name).accuracy(*few_digits()[1])
        for name in ("sigmoid", "relu")
    }
    assert accuracies["sigmoid"] != accuracies["relu"]
    expected = accuracies[activation]
    assert capsys.readouterr().out == (
        "W1 (784, 5)\nb1 (5,)\nW2 (5, 10)\nb2 (10,)\n"
        f"Accuracy: {expected} ({round(150 * expected)} of 150 test images)\n"
    )


def test_inference_with_a_network_that_says_what_it_is(tmp_path, capsys):
    net = TwoLayerNet(784, 5, 10, 1.0, activation="tanh", backend="cpu", seed=0)
    save_network(tmp_path / "n", net)
    settings = demos.Settings(backends.host(), data=few_digits, params=tmp_path / "n")
    demos.run("mnist-inference", settings)
    assert f"Accuracy: {net.accuracy(*few_digits()[1])} (" in capsys.readouterr().out


def test_learning_numerically_is_learning(tmp_path, capsys):
    settings = demos.Settings(backends.host(), tmp_path)
    learn_numerically.run(settings, iterations=10)
    out = capsys.readouterr().out
    rows = {int(i): float(loss) for i, loss in re.findall(r"^ +(\d+) +([\d.]+)$", out, re.M)}
    assert list(rows) == [1, 10]
    assert 2.31 > rows[1] > rows[10]
    assert "accuracy on the test images: " in out
    assert [path.name for path in tmp_path.iterdir()] == ["loss.png"]


@pytest.mark.needs_values
@pytest.mark.needs_indices
def test_learning_by_backpropagation(case: Case, capsys):
    learn_backprop.run(demos.Settings(case.backend, data=few_digits), epochs=3)
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ["epoch", "train", "test"]
    assert [int(row.split()[0]) for row in rows] == [1, 2, 3]
    assert all(0 <= float(row.split()[i].rstrip("%")) <= 100 for row in rows for i in (1, 2))


def test_the_sample_is_learned(capsys):
    learn_backprop.run(demos.Settings(backends.host()), epochs=4)
    rows = [row.split() for row in capsys.readouterr().out.splitlines()[1:]]
    train = [float(row[1].rstrip("%")) for row in rows]
    test = [float(row[2].rstrip("%")) for row in rows]
    assert len(rows) == 4
    assert 60 < train[0] < 80 < 88 < train[-1]
    assert 55 < test[0] < 75 < 84 < test[-1]


def test_gradient_check(capsys):
    demos.run("gradient-check", demos.Settings(backends.host()))
    differences, report = capsys.readouterr().out.split("\n\n")
    keys, values = zip(*(line.split(": ") for line in differences.splitlines()), strict=True)
    assert keys == ("W1", "b1", "W2", "b2")
    assert all(0 < float(value) < 1e-9 for value in values)
    assert report.startswith("gradients of TwoLayerNet, full: ok\n")
    assert report.count("agrees") == 4


def test_names_and_summaries():
    assert len(demos.NAMES) == len(set(demos.NAMES)) == 26
    assert set(PRINTED) | set(PICTURES) < set(demos.NAMES)
    for name in demos.NAMES:
        assert re.fullmatch(r"[A-Z].* \(sections? [\d., to]+\)\.", demos.summary(name))


def test_an_unknown_name():
    for call in (demos.summary, lambda name: demos.run(name, demos.Settings(backends.host()))):
        with pytest.raises(ValueError, match="demo must be one of gates, activations, .*; got 'x'"):
            call("x")
