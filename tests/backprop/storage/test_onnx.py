"""Networks as ONNX models: what ONNX Runtime computes is what `predict` does."""

import subprocess
import sys

import numpy as np
import pytest

import backends
from backprop import (
    Affine,
    BatchNormalization,
    Convolution,
    DeepConvNet,
    Dropout,
    ExpLayer,
    Flatten,
    IdentityWithLoss,
    LayerNormalization,
    LogLayer,
    MultiLayerNet,
    MultiLayerNetExtend,
    Network,
    Pooling,
    Sigmoid,
    SigmoidWithLoss,
    SimpleConvNet,
    SoftmaxWithLoss,
    Tanh,
    TwoLayerNet,
    functions,
    load_mnist_sample,
    save_onnx,
)

ndonnx = pytest.importorskip("ndonnx")
onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

ROW, PICTURE = (784,), (1, 28, 28)
BOTH = {"backend": "cpu", "seed": 0}
NETWORKS = {
    "TwoLayerNet": (lambda: TwoLayerNet(784, 50, 10, "he", activation="sigmoid", **BOTH), ROW),
    "MultiLayerNet": (lambda: MultiLayerNet(784, [40, 20], 10, "tanh", **BOTH), ROW),
    "MultiLayerNetExtend": (
        lambda: MultiLayerNetExtend(
            784, [40, 20], 10, use_batchnorm=True, use_dropout=True, weight_decay_lambda=0.1, **BOTH
        ),
        ROW,
    ),
    "SimpleConvNet": (lambda: SimpleConvNet(weight_init_std="he", **BOTH), PICTURE),
    "DeepConvNet": (lambda: DeepConvNet(**BOTH), PICTURE),
}


def run(path, x, output="scores"):
    """Run a model on inputs, and return its one output."""
    (found,) = onnxruntime.InferenceSession(path).run([output], {"x": x})
    return found


@pytest.mark.parametrize("name", NETWORKS)
def test_a_model_gives_the_scores_of_the_network_for_any_number_of_digits(name, tmp_path):
    make, shape = NETWORKS[name]
    net, path = make(), tmp_path / "model.onnx"
    (x_train, t_train), (x_test, _) = load_mnist_sample()
    for i in range(3):  # so that running statistics are no longer 0 and 1
        part = slice(20 * i, 20 * i + 20)
        net.gradient(x_train[part].reshape(-1, *shape), t_train[part])
    before = {key: value.copy() for key, value in net.state_dict().items()}
    save_onnx(path, net, shape)
    assert all(np.array_equal(value, before[key]) for key, value in net.state_dict().items())
    for count in (1, 7, 1000):
        x = x_test[:count].reshape(-1, *shape)
        scores, expected = run(path, x), net.predict(x)
        assert (scores.shape, scores.dtype) == ((count, 10), np.float32)
        assert np.abs(expected).max() > 0.1
        np.testing.assert_allclose(scores, expected, rtol=0, atol=1e-5)


def small(*layers, last=None, dtype="float32"):
    named = {f"{type(layer).__name__}{i}": layer for i, layer in enumerate(layers)}
    return Network(named, last or SoftmaxWithLoss()).to(dtype=dtype)


def arrays(*shapes):
    rng = np.random.default_rng(1)
    return [rng.standard_normal(shape).astype("float32") for shape in shapes]


def test_every_layer_is_recorded(tmp_path):
    W, b, gamma, beta, V, c = arrays((4, 2, 3, 3), 4, 4, 4, (16, 3), 3)
    scale, shift = arrays(3, 3)
    net = small(
        Convolution(W, b, stride=2, pad=2),
        BatchNormalization(gamma, beta, 0.5, beta + 1, gamma**2),
        Tanh(),
        Pooling(2, 2, pad=1, stride=2, mode="average"),
        Pooling(2, 2, pad=0, mode="max"),
        Flatten(),
        Dropout(0.3, inverted=False),
        Affine(V, c),
        LayerNormalization(scale, shift),
        Sigmoid(),
        ExpLayer(),
        LogLayer(),
    )
    (x,) = arrays((5, 2, 7, 7))
    save_onnx(tmp_path / "model.onnx", net, (2, 7, 7))
    scores = run(tmp_path / "model.onnx", x)
    np.testing.assert_allclose(scores, net.predict(x), rtol=0, atol=1e-6)
    assert np.std(scores) > 0.05


def test_a_network_in_float64_stays_so(tmp_path):
    net = TwoLayerNet(4, 5, 3, "he", dtype="float64", **BOTH)
    x = np.random.default_rng(0).standard_normal((6, 4))
    save_onnx(tmp_path / "model.onnx", net, (4,))
    scores = run(tmp_path / "model.onnx", x)
    assert scores.dtype == np.float64
    np.testing.assert_allclose(scores, net.predict(x), rtol=0, atol=1e-13)


@pytest.mark.parametrize(
    ("last", "function"),
    [(SoftmaxWithLoss(), functions.softmax), (SigmoidWithLoss(), functions.sigmoid)],
)
def test_probabilities(tmp_path, last, function):
    W, b, x = arrays((4, 3), 3, (6, 4))
    net = small(Affine(W, b), last=last)
    save_onnx(tmp_path / "model.onnx", net, [4], probabilities=True)
    found = run(tmp_path / "model.onnx", x, "probabilities")
    np.testing.assert_allclose(found, function(x @ W + b), rtol=0, atol=1e-6)
    np.testing.assert_array_equal(net.probabilities(x), function(net.predict(x)))


def test_the_model_is_valid_and_its_names_and_shapes_stand_in_it(tmp_path):
    save_onnx(tmp_path / "model.onnx", TwoLayerNet(4, 5, 3, **BOTH), (4,))
    model = onnx.load(tmp_path / "model.onnx")
    onnx.checker.check_model(model, full_check=True)
    (x,), (y,) = model.graph.input, model.graph.output
    assert (x.name, y.name) == ("x", "scores")
    rows, columns = x.type.tensor_type.shape.dim
    assert (rows.dim_param, columns.dim_value) == ("N", 4)
    rows, columns = y.type.tensor_type.shape.dim
    assert (rows.dim_value, columns.dim_value) == (0, 3)  # any number of rows


def test_what_can_not_be_written_leaves_the_old_file(tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(b"old")
    W, b = arrays((4, 3), 3)
    regression = small(Affine(W, b), last=IdentityWithLoss())
    with pytest.raises(TypeError, match="must have `probabilities`, as .* got IdentityWithLoss"):
        save_onnx(path, regression, (4,), probabilities=True)
    with pytest.raises(ValueError, match=r"`x` must have shape \(N, 4\); got \(None, 5\)"):
        save_onnx(path, regression, (5,))
    with pytest.raises(ValueError, match=r"`input_shape` must have one number .* sample; got \(\)"):
        save_onnx(path, regression, ())
    with pytest.raises(TypeError, match="`input_shape` must be a sequence of whole numbers; got 4"):
        save_onnx(path, regression, 4)
    assert path.read_bytes() == b"old"


def test_a_dtype_that_onnx_has_not_is_named(tmp_path):
    pytest.importorskip("torch")
    net = TwoLayerNet(4, 5, 3, dtype="bfloat16", backend=backends.select(library="torch"), seed=0)
    message = "must be in float16, float32, float64; got a network in bfloat16"
    with pytest.raises(TypeError, match=message):
        save_onnx(tmp_path / "model.onnx", net, (4,))


def test_arrays_that_record_have_a_backend_and_no_values():
    x = ndonnx.argument(shape=("N", 2), dtype=ndonnx.float32)
    backend = backends.of(x)
    assert (str(backend), backend.has_values, backend.is_host) == ("ndonnx on onnx", False, False)
    assert backend.has_float64
    assert backend.dtype("float32") == ndonnx.float32
    constant = backend.asarray(np.array([[1.0, 2.0]], "float32"))
    np.testing.assert_array_equal(backend.to_numpy(constant), [[1, 2]])
    with pytest.raises(TypeError, match="no values before its model is run"):
        backend.to_numpy(x + constant)
    with pytest.raises(
        backends.UnknownBackendError, match="library must be one of .*; got 'ndonnx'"
    ):
        backends.select(library="ndonnx")


def test_nothing_of_onnx_is_imported_before_it_is_used():
    code = (
        "import sys, backprop\n"
        "net = backprop.TwoLayerNet(2, 2, 2, backend='cpu', seed=0)\n"
        "backprop.save_onnx, net.predict(net.params['W1'])\n"
        "print({'ndonnx', 'onnx', 'spox'} & set(sys.modules))\n"
        "sys.modules['ndonnx'] = None\n"
        "backprop.save_onnx('model.onnx', net, (2,))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "set()\n"
    assert done.stderr.splitlines()[-1] == (
        "ModuleNotFoundError: ONNX models need ndonnx: pip install 'backprop-by-hand[onnx]'"
    )
