"""`backprop export`: what it writes is a model of the network, and it overwrites nothing unasked."""

import json
import sys

import numpy as np
import pytest

from backprop import SimpleConvNet, TwoLayerNet, functions, load_mnist_sample, save_network

pytest.importorskip("ndonnx")
onnxruntime = pytest.importorskip("onnxruntime")


@pytest.fixture
def saved(run_in, tmp_path):
    """Return a network whose file is `params` in the folder where commands run."""
    net = TwoLayerNet(784, 20, 10, "he", activation="tanh", backend="cpu", seed=0)
    save_network(tmp_path / "params", net)
    return net


def model(output, x):
    return onnxruntime.InferenceSession("model.onnx").run([output], {"x": x})[0]


def test_scores_and_probabilities(run_in, saved, tmp_path):
    x = load_mnist_sample()[1][0][:3]
    code, out, err = run_in("export", "--params", "params", "model.onnx")
    size = (tmp_path / "model.onnx").stat().st_size
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "layers: Affine1, Tanh1, Affine2",
        "input:  x (N, 784), float32",
        "output: scores (N, 10)",
        f"written to model.onnx, {size:,} bytes",
    ]
    np.testing.assert_allclose(model("scores", x), saved.predict(x), rtol=0, atol=1e-5)
    options = ("--probabilities", "--overwrite", "--json")
    code, out, err = run_in("export", "--params", "params", "model.onnx", *options)
    assert (code, err) == (0, "")
    assert json.loads(out)["output"] == {"name": "probabilities", "shape": ["N", 10]}
    expected = functions.softmax(saved.predict(x))
    np.testing.assert_allclose(model("probabilities", x), expected, rtol=0, atol=1e-5)


def test_a_file_that_is_there_stays(run_in, saved, tmp_path):
    (tmp_path / "model.onnx").write_text("mine")
    code, out, err = run_in("export", "--params", "params", "model.onnx")
    assert (code, out) == (2, "")
    assert err == (
        "backprop: error: the model must be a new file; model.onnx is there already: give another, "
        "or --overwrite\n"
    )
    assert (tmp_path / "model.onnx").read_text() == "mine"


def test_a_network_that_convolves_takes_pictures(run_in, tmp_path):
    param = {"filter_num": 2, "filter_size": 3, "stride": 2}
    net = SimpleConvNet(conv_param=param, weight_init_std="he", backend="cpu", seed=0)
    save_network(tmp_path / "params", net)
    code, out, _ = run_in("export", "--params", "params", "model.onnx")
    assert (code, out.splitlines()[1]) == (0, "input:  x (N, 1, 28, 28), float32")
    x = load_mnist_sample(flatten=False)[1][0][:3]
    np.testing.assert_allclose(model("scores", x), net.predict(x), rtol=0, atol=1e-5)


def test_a_missing_extra_is_one_line(run_in, saved, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ndonnx", None)
    code, _, err = run_in("export", "--params", "params", "model.onnx")
    assert (code, err) == (
        2,
        "backprop: error: ONNX models need ndonnx: pip install 'backprop-by-hand[onnx]'\n",
    )
    assert not (tmp_path / "model.onnx").exists()
