"""From one library to another: saved parameters, copies, DLPack."""

import numpy as np
import pytest

import backends
from backprop import SGD, Network, Trainer, TwoLayerNet, load_mnist_sample, load_params, save_params
from tests.support import Case

X, T = np.random.default_rng(1).random((40, 6)), np.arange(40) % 3


@pytest.fixture(scope="module")
def digits():
    return load_mnist_sample()


@pytest.fixture(scope="module")
def accuracy_on_numpy(digits):
    return accuracy_after_a_thousand_steps("cpu", digits)


def accuracy_after_a_thousand_steps(backend, digits):
    train, test = digits
    net = TwoLayerNet(784, 50, 10, backend=backend, seed=0)
    history = Trainer(net, SGD(0.1), batch_size=100, seed=0).fit(train, test, iterations=1000)
    return history.test_accuracy[-1]


@pytest.mark.needs_values
def test_a_thousand_steps_on_real_digits(case: Case, digits, accuracy_on_numpy):
    if case.name not in ("strict:device1", "torch", "jax", "dpnp", "cupy"):
        pytest.skip("trains as another row of the matrix does")
    accuracy = accuracy_after_a_thousand_steps(case.backend, digits)
    assert accuracy > 0.85
    assert accuracy == pytest.approx(accuracy_on_numpy, abs=0.005)


def trained(case: Case, folder):
    """Return the file of a network trained on `case`, and what it predicts there."""
    net = TwoLayerNet(6, 5, 3, 0.5, backend=case.backend, dtype=case.dtype, seed=0)
    for _ in range(5):
        for name, gradient in net.gradient(case.array(X), case.array(T)).items():
            net.params[name] -= 0.5 * gradient
    path = folder / "params.safetensors"
    save_params(path, net.params)
    return path, case.numpy(net.predict(case.array(X)))


@pytest.mark.needs_values
def test_saved_on_one_loaded_on_every_other(case: Case, tmp_path):
    path, expected = trained(case, tmp_path)
    seen = []
    for entry in backends.available():
        if entry.devices:
            backend = backends.select(entry.devices[0], entry.library)
            net = Network.from_params(load_params(path)[0], dtype="float32", backend=backend)
            y = net.predict(backend.asarray(X, "float32"))
            np.testing.assert_allclose(backend.to_numpy(y), expected, rtol=0, atol=1e-6)
            seen.append(entry.library)
    assert {"numpy", "array-api-strict"} <= set(seen)


@pytest.mark.needs_values
def test_copies_on_every_other(case: Case):
    net = TwoLayerNet(6, 5, 3, 0.5, backend=case.backend, dtype="float32", seed=0)
    expected = case.numpy(net.predict(case.backend.asarray(X)))
    for entry in backends.available():
        if entry.devices:
            other = net.to(entry.devices[0], entry.library)
            y = other.predict(other.backend.asarray(X))
            np.testing.assert_allclose(other.backend.to_numpy(y), expected, rtol=0, atol=1e-6)


def test_dlpack_without_a_copy():
    """NumPy sees what is written to a tensor afterwards; what can't be written to stays as it is."""
    torch, jax = pytest.importorskip("torch"), pytest.importorskip("jax")
    tensor = torch.zeros(3)
    x = backends.host().asarray(tensor)
    tensor[0] = 5
    assert x.tolist() == [5, 0, 0]
    y = jax.numpy.arange(1000.0)
    moved = backends.select("cpu", "torch").asarray(y)
    moved[0] = 5.0
    assert moved[:2].tolist() == [5.0, 1.0]
    assert y[:2].tolist() == [0.0, 1.0]


def test_layers_refuse_mixed_libraries():
    strict = backends.select("device1", "array-api-strict")
    net = TwoLayerNet(6, 5, 3, backend=strict, dtype="float64")
    layer, loss = net.layers["Affine1"], net.last_layer
    message = "arrays must be of one library; got .*; convert with `backends.of"
    with pytest.raises(TypeError, match=message):
        layer.forward(X)
    layer.forward(strict.asarray(X))
    with pytest.raises(TypeError, match=message):
        layer.backward(np.ones((40, 5)))
    with pytest.raises(TypeError, match=message):
        loss.forward(net.predict(strict.asarray(X)), T)
