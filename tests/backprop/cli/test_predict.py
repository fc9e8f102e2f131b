import pickle
import sys

import numpy as np
import pytest
from PIL import Image

from backprop import SGD, Trainer, TwoLayerNet, functions, load_mnist_sample
from backprop.cli.app import run
from backprop.datasets import load_picture


@pytest.fixture(scope="module")
def params():
    net = TwoLayerNet(784, 50, 10, backend="cpu", activation="sigmoid", seed=0)
    Trainer(net, SGD(1.0), seed=0).fit(load_mnist_sample()[0], epochs=5)
    return dict(net.params.items())


@pytest.fixture
def predict(tmp_path, monkeypatch, capsys, params):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    (tmp_path / "params").write_bytes(pickle.dumps(params))
    x, t = load_mnist_sample(normalize=False)[1]
    for i in range(3):  # 7, 2, 1
        image = Image.fromarray(255 - x[i].reshape(28, 28))
        image.resize((84, 84), Image.Resampling.BICUBIC).save(f"{t[i]} [{i}].png")
    Image.new("L", (9, 9)).save("blank.png")
    (tmp_path / "text.png").write_text("no")

    def call(*arguments):
        code = run(["predict", "--params", "params", "--activation", "sigmoid", *arguments])
        return code, *capsys.readouterr()

    return call


def test_digits_and_probabilities(predict, params):
    names = ["7 [0].png", "2 [1].png", "1 [2].png"]
    code, out, err = predict(*names)
    assert (code, err) == (0, "")
    assert "device: numpy on cpu\n" in out
    hidden = functions.sigmoid(
        np.stack([load_picture(n) for n in names]) @ params["W1"] + params["b1"]
    )
    scores = functions.softmax(hidden @ params["W2"] + params["b2"])
    for name, line, row in zip(names, out.splitlines()[-3:], scores, strict=True):
        order = np.argsort(-row)
        assert order[0] == int(name[0])
        rest = ", ".join(f"{d} {row[d]:.1%}" for d in order[1:3])
        assert line.split() == [*name.split(), str(order[0]), f"{row[order[0]]:.1%}", *rest.split()]


def test_bad_pictures_are_named_and_the_others_shown(predict):
    code, out, err = predict("blank.png", "7 [0].png", "text.png", "nothing.png")
    assert code == 2
    assert [line.split()[2] for line in out.splitlines() if ".png" in line] == ["7"]
    assert err == (
        "backprop: error: blank.png must show a digit; it is blank, or shows one that is tiny or cut "
        "out closely\n"
        "backprop: error: text.png must be a PNG, JPEG, GIF, BMP, TIFF, WEBP or PPM image; its format is unknown\n"
        "backprop: error: nothing.png: No such file or directory\n"
    )
    code, out, _ = predict("blank.png")
    assert (code, out) == (2, "")


def test_raw_other_libraries_and_a_picture_given_twice(predict):
    code, raw, _ = predict("7 [0].png", "7 [0].png", "--raw", "--dtype", "float64")
    assert code == 0
    assert raw.count("7 [0].png") == 1
    code, out, _ = predict("7 [0].png", "--library", "array-api-strict", "--device", "device1")
    assert code == 0
    assert "array-api-strict on device1" in out
    assert raw.splitlines()[-1] != out.splitlines()[-1]


def test_without_pictures_or_pillow_it_says_what_is_missing(predict, monkeypatch, tmp_path):
    assert "Missing argument" in predict()[2]
    monkeypatch.setitem(sys.modules, "PIL", None)
    code, out, err = predict("7 [0].png")
    assert (code, out) == (2, "")
    assert (
        err
        == "backprop: error: pictures are read with Pillow: pip install 'backprop-by-hand[image]'\n"
    )
