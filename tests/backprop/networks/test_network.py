import copy
import pickle
import re
from collections import OrderedDict

import numpy as np
import pytest

import backends
from backprop import (
    Affine,
    IdentityWithLoss,
    Network,
    Relu,
    SigmoidWithLoss,
    SoftmaxWithLoss,
    Tanh,
    TwoLayerNet,
)
from tests.support import Case, central_difference

RNG = np.random.default_rng(5)
X = RNG.random((4, 6))
T = np.array([2, 0, 1, 2])
SIZES = [6, 5, 4, 3]


def params(depth=2):
    rng = np.random.default_rng(6)
    sizes = [*SIZES[:depth], 3]
    values = {}
    for i in range(depth):
        values[f"W{i + 1}"] = rng.standard_normal((sizes[i], sizes[i + 1]))
        values[f"b{i + 1}"] = rng.standard_normal(sizes[i + 1])
    return values


def on(case: Case, values):
    return {name: case.array(value) for name, value in values.items()}


@pytest.mark.parametrize("activation", ["relu", "sigmoid", "tanh"])
@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("loss", [SoftmaxWithLoss, SigmoidWithLoss, IdentityWithLoss])
def test_gradient_is_the_numerical_one(activation, depth, loss):
    values = params(depth)
    gradient = Network.from_params(values, activation, last_layer=loss()).gradient(X, T)
    assert list(gradient) == list(values)
    for name in values:

        def f(v, name=name):
            net = Network.from_params({**values, name: v}, activation, last_layer=loss())
            return float(net.loss(X, T))

        np.testing.assert_allclose(gradient[name], central_difference(f, values[name]), atol=1e-8)


@pytest.mark.traced
@pytest.mark.parametrize("activation", ["relu", "sigmoid", "tanh"])
def test_every_library_gives_the_same(case: Case, activation):
    """No value is read on the way: nothing makes a device wait."""
    reference = Network.from_params(params(3), activation)
    net = Network.from_params(on(case, params(3)), activation)
    x, t = case.array(X), case.array(T)

    def step(x, t):
        return net.predict(x), net.loss(x, t), net.gradient(x, t)

    y, loss, gradient = case.run(step, x, t)
    tolerance = 1e-12 if case.dtype == "float64" else 1e-4
    case.check(y, reference.predict(X), rtol=tolerance, atol=tolerance)
    case.check(loss, reference.loss(X, T), rtol=tolerance, atol=tolerance)
    expected = reference.gradient(X, T)
    assert set(gradient) == set(expected)
    for name, value in gradient.items():
        case.check(value, expected[name], rtol=tolerance, atol=tolerance)
    case.unchanged(x, X)
    case.unchanged(t, T)


def test_a_training_step_reads_no_value(case: Case):
    net = Network.from_params(on(case, params()))
    reference = Network.from_params(params())
    reference.params["W1"] -= 0.1 * reference.gradient(X, T)["W1"]

    def step(x, t):
        for name, gradient in net.gradient(x, t).items():
            net.params[name] -= 0.1 * gradient
        return net.params["W1"]

    case.check(case.run(step, case.array(X), case.array(T)), reference.params["W1"], atol=1e-4)


@pytest.mark.needs_values
@pytest.mark.needs_indices
def test_accuracy_is_the_same_for_every_batch_size_and_form_of_labels(case: Case):
    net = Network.from_params(on(case, {"W1": np.eye(3), "b1": np.zeros(3)}))
    x = case.array([[3.0, 1.0, 0.0], [0.0, 1.0, 0.5], [0.0, 0.0, 9.0], [5.0, 0.0, 0.0]])
    for t in (case.array([0, 1, 2, 1]), case.array(np.eye(3)[[0, 1, 2, 1]])):
        for batch_size in (1, 3, 4, 1000):
            accuracy = net.accuracy(x, t, batch_size)
            assert type(accuracy) is float
            assert accuracy == 0.75
    assert net.accuracy(x[0, :], case.array(0)) == 1.0


def test_accuracy_waits_for_the_device_once(monkeypatch):
    """However many batches it takes."""
    backend = backends.select("device1", "array-api-strict")
    net = TwoLayerNet(6, 5, 3, backend=backend, seed=0)
    x, t = backend.asarray(X), backend.asarray(T)
    array, asked = type(x), []
    read = array.__int__
    monkeypatch.setattr(array, "__int__", lambda self: asked.append(1) or read(self))
    for batch_size in (1, 2, 4):
        asked.clear()
        net.accuracy(x, t, batch_size)
        assert len(asked) == 1


@pytest.mark.needs_values
@pytest.mark.needs_indices
def test_accuracy_of_one_output(case: Case):
    net = Network.from_params(
        on(case, {"W1": np.ones((1, 1)), "b1": np.zeros(1)}), last_layer=SigmoidWithLoss()
    )
    x, t = case.array([[1.0], [-1.0], [2.0], [3.0]]), case.array([1, 0, 0, 1])
    assert net.accuracy(x, t) == 0.75


@pytest.mark.parametrize("dtype", ["uint8", "int32", "float32", "float64"])
def test_inputs_are_cast_once_on_entry(dtype):
    net = TwoLayerNet(6, 5, 3, backend="cpu", seed=0)
    x = (X * 255).astype(dtype)
    assert net.predict(x).dtype == np.float32
    np.testing.assert_array_equal(net.predict(x), net.predict(x.astype(np.float32)))
    assert net.loss(x, np.eye(3, dtype=np.uint8)[T]) == net.loss(x, T)


def test_images_and_single_samples(case: Case):
    net = Network.from_params(on(case, params()))
    case.check(
        net.predict(case.array(X.reshape(4, 1, 2, 3))), case.numpy(net.predict(case.array(X)))
    )
    case.check(net.predict(case.array(X[0])), case.numpy(net.predict(case.array(X)))[0])
    case.check(
        net.loss(case.array(X[0]), 2), case.numpy(net.loss(case.array(X[:1]), case.array([2])))
    )


def test_params_are_live(case: Case):
    net = Network.from_params(on(case, params()))
    before = case.numpy(net.params["W1"])
    net.params["W1"] -= 0.5 * case.array(np.ones((6, 5)))
    case.check(net.layers["Affine1"].W, before - 0.5)
    net.layers["Affine2"].b = case.array(np.zeros(3))
    case.check(net.params["b2"], np.zeros(3))
    assert list(net.params) == ["W1", "b1", "W2", "b2"]
    assert len(net.params) == 4


def test_params_refuse_what_does_not_fit():
    net = TwoLayerNet(6, 5, 3, backend="cpu")
    with pytest.raises(KeyError, match="parameter must be one of W1, b1, W2, b2; got 'W3'"):
        net.params["W3"]
    with pytest.raises(KeyError, match="got 'W3'"):
        net.params["W3"] = np.zeros(3)
    with pytest.raises(ValueError, match=r"`b2` must have shape \(3,\); got \(4,\)"):
        net.params["b2"] = np.zeros(4, dtype=np.float32)
    with pytest.raises(TypeError, match="`b2` must have dtype float32; got float64"):
        net.params["b2"] = np.zeros(3)
    with pytest.raises(TypeError, match="`b2` must be an array of numpy on cpu; got list"):
        net.params["b2"] = [0, 0, 0]
    with pytest.raises(AttributeError):
        net.params = {}
    assert repr(net.params).startswith("Parameters(W1: (6, 5) float32, b1: (5,) float32")


def test_the_first_layer_makes_no_dx(monkeypatch):
    net = TwoLayerNet(6, 5, 3, backend="cpu")
    made = []
    monkeypatch.setattr(
        Affine, "backward", lambda self, dout=1: made.append(self) or _plain(self, dout)
    )
    net.gradient(X, T)
    assert made == [net.layers["Affine2"]]


_plain = Affine.backward


@pytest.mark.parametrize("loss", [SoftmaxWithLoss, SigmoidWithLoss, IdentityWithLoss])
@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_a_gradient_alone_computes_no_loss(loss, decay, monkeypatch):
    net = Network.from_params(params(), last_layer=loss())
    net.weight_decay_lambda = decay
    _, expected = net.loss_and_gradient(X, T)
    monkeypatch.setattr(loss, "_losses", None)
    found = net.gradient(X, T)
    assert list(found) == list(expected)
    for name in expected:
        assert np.array_equal(found[name], expected[name])
    with pytest.raises(ValueError, match=r"labels must have shape \(4,\)"):
        net.gradient(X, T[:3])


class Warm(SoftmaxWithLoss):
    """Divides scores by 2 in what is run by hand, of which single losses know nothing."""

    def prepare(self, x, t):
        super().prepare(x / 2, t)

    def backward(self, dout=1):
        return super().backward(dout) / 2


class Counted(Network):
    calls = 0

    def loss(self, x, t, **mode):
        self.calls += 1
        return super().loss(x, t, **mode)


class Moved(Network):
    def training_loss(self, x, t):
        return super().training_loss(x + 1.0, t)


class Negated(Network):
    def loss_and_gradient(self, x, t, **mode):
        loss, grads = super().loss_and_gradient(x, t, **mode)
        return loss, {name: -grad for name, grad in grads.items()}


def test_a_loss_of_one_s_own_is_run_for_a_gradient():
    plain = Network.from_params(params())
    seen = []
    forward = plain.last_layer.forward
    plain.last_layer.forward = lambda x, t: seen.append(x.shape) or forward(x, t)
    expected = plain.gradient(X, T)
    assert seen == [(4, 3)]
    net = Counted(plain.layers, SoftmaxWithLoss())
    net.gradient(X, T)
    assert net.calls == 1
    moved = Moved(plain.layers, SoftmaxWithLoss()).gradient(X - 1.0, T)
    negated = Negated(plain.layers, SoftmaxWithLoss()).gradient(X, T)
    for name, value in expected.items():
        np.testing.assert_allclose(moved[name], value, rtol=0, atol=1e-14)
        np.testing.assert_array_equal(negated[name], -value)


@pytest.mark.parametrize("method", ["fast", "elementwise"])
def test_a_loss_that_prepares_in_its_own_way_is_differentiated_as_it_is(method):
    net = Network.from_params(params(), last_layer=Warm())
    gradient, plain = net.gradient(X, T), Network.from_params(params()).gradient(X, T)
    for name, value in net.numerical_gradient(X, T, method=method).items():
        np.testing.assert_allclose(value, gradient[name], atol=1e-9)
        assert np.abs(gradient[name] - plain[name]).max() > 1e-3


class Scale:
    """A layer that derives from nothing: x * s, with one learned number."""

    def __init__(self, s):
        self.params = {"s": s}
        self.grads = {}

    def forward(self, x):
        self.x = x
        return x * self.params["s"]

    def backward(self, dout=1):
        self.grads["s"] = (dout * self.x).sum()
        return dout * self.params["s"]


def test_foreign_layers():
    values = params()
    layers = OrderedDict(
        first=Scale(np.asarray(2.0)),
        hidden=Affine(values["W1"], values["b1"]),
        tanh=Tanh(),
        output=Affine(values["W2"], values["b2"]),
    )
    net = Network(layers, SoftmaxWithLoss())
    assert list(net.params) == ["s1", "W1", "b1", "W2", "b2"]
    gradient = net.gradient(X, T)

    def f(s):
        other = {**layers, "first": Scale(s)}
        return float(Network(other, SoftmaxWithLoss()).loss(X, T))

    np.testing.assert_allclose(gradient["s1"], central_difference(f, np.asarray(2.0)), atol=1e-8)
    moved = net.to("cpu")
    assert moved.params["s1"] is not net.params["s1"]
    assert moved.loss(X, T) == net.loss(X, T)


def test_layers_before_the_first_parameters_are_not_walked_back():
    relu = Relu()
    relu.backward = None
    net = Network({"relu": relu, "affine": Affine(np.ones((6, 3)), np.zeros(3))}, SoftmaxWithLoss())
    assert list(net.gradient(X, T)) == ["W1", "b1"]


def test_a_network_without_parameters():
    net = Network({"relu": Relu()}, SoftmaxWithLoss())
    assert net.backend is None
    assert net.gradient(X[:, :3], T) == {}
    assert net.accuracy(np.eye(3), np.arange(3)) == 1.0


def test_two_parameters_of_one_name():
    class Odd(Relu):
        def __init__(self, *names):
            super().__init__()
            self.params = {name: np.zeros(1) for name in names}

    layers = {"a": Odd("W1"), **{str(i): Odd("W") for i in range(11)}}
    with pytest.raises(ValueError, match="parameters must have names of their own; got W11 twice"):
        Network(layers, SoftmaxWithLoss())


def test_from_params_copies_and_leaves_its_arrays_alone(case: Case):
    values = on(case, params())
    net = Network.from_params(values)
    net.params["W1"] -= net.params["W1"]
    case.unchanged(values["W1"], params()["W1"])


def test_from_params_takes_lists_dtype_and_backend():
    net = Network.from_params({"W1": [[1, 2]], "b1": [3, 4]}, dtype="float32", backend="cpu")
    assert net.predict(np.array([[1.0]])).tolist() == [[4.0, 6.0]]
    assert net.dtype == np.float32
    assert list(Network.from_params(params(3), "tanh").layers) == [
        "Affine1",
        "Tanh1",
        "Affine2",
        "Tanh2",
        "Affine3",
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"W1": None}, "`params` must hold W1, b1, ..., Wn, bn; got b1, W2, b2"),
        ({"c1": np.zeros(3)}, "`params` must hold W1, b1, ..., Wn, bn; got W1, b1, W2, b2, c1"),
        (
            {"W2": np.zeros((4, 3))},
            r"`W2` must have shape \(5, M\), as W1 is \(6, 5\); got \(4, 3\)",
        ),
        ({"b2": np.zeros(4)}, r"`b2?` must have shape \(3,\), as W is \(5, 3\); got \(4,\)"),
        ({"W2": np.zeros(3)}, r"`W` must have shape \(D, M\); got \(3,\)"),
        ({"W2": np.array(1.0)}, r"`W` must have shape \(D, M\); got \(\)"),
    ],
)
def test_from_params_refuses(change, message):
    values = {k: v for k, v in {**params(), **change}.items() if v is not None}
    with pytest.raises(ValueError, match=message):
        Network.from_params(values)


def test_arrays_of_another_library_or_device():
    strict = backends.select("device1", "array-api-strict")
    net = TwoLayerNet(6, 5, 3, backend=strict)
    other = backends.select("device2", "array-api-strict")
    message = (
        r"`x` must be an array of array-api-strict on device1; got an array of {}; convert it with "
        r"`backends.select\('device1', 'array-api-strict'\)\.asarray\(x\)`"
    )
    with pytest.raises(TypeError, match=message.format("numpy on cpu")):
        net.predict(X)
    with pytest.raises(TypeError, match=message.format("array-api-strict on device2")):
        net.predict(other.asarray(X))
    x = strict.asarray(X)
    with pytest.raises(TypeError, match="`t` must be an array of array-api-strict on device1"):
        net.loss(x, T)
    with pytest.raises(TypeError, match="`t` must be an array of array-api-strict on device1"):
        net.accuracy(x, T)
    with pytest.raises(
        TypeError, match="`x` must be an array of array-api-strict on device1; got list"
    ):
        net.predict([[1.0]])
    with pytest.raises(TypeError, match="`b` must be an array of array-api-strict on device1"):
        Network(
            {"a": Affine(strict.asarray(np.ones((6, 5))), other.asarray(np.ones(5)))},
            SoftmaxWithLoss(),
        )


def test_labels_as_numbers_and_lists():
    net = Network.from_params(params())
    assert net.loss(X, [2, 0, 1, 2]) == net.loss(X, T)
    assert net.accuracy(X, [2, 0, 1, 2]) == net.accuracy(X, T)
    assert net.accuracy(X[0], 2) == net.accuracy(X[:1], T[:1])


def test_labels_out_of_range_have_no_accuracy():
    with pytest.raises(ValueError, match=r"labels must be in 0\.\.2; got 3"):
        Network.from_params(params()).accuracy(X, T + 1)
    with pytest.raises(ValueError, match="`batch_size` must be 1 or more; got 0"):
        Network.from_params(params()).accuracy(X, T, 0)


def test_parameters_must_be_floating_and_of_one_dtype():
    with pytest.raises(TypeError, match="`dtype` must be real floating; got int64"):
        TwoLayerNet(6, 5, 3, dtype="int64", backend="cpu")
    mixed = {name: v.astype("f4") if name in ("W2", "b2") else v for name, v in params().items()}
    with pytest.raises(TypeError, match="parameters must have one dtype, float64; `W2` is float32"):
        Network.from_params(mixed)


@pytest.mark.parametrize("kind", ["U8", "S8", "datetime64[s]", object])
def test_inputs_that_are_no_numbers_are_refused(kind):
    net = TwoLayerNet(6, 5, 3, backend="cpu", seed=0)
    x = np.ones((4, 6)).astype(int).astype(kind)
    for call in (
        net.predict,
        lambda x: net.loss(x, T),
        lambda x: net.accuracy(x, T),
        lambda x: net.gradient(x, T),
    ):
        with pytest.raises(TypeError, match=f"^`x` must be real; got {re.escape(str(x.dtype))}$"):
            call(x)


def test_masked_inputs_are_refused():
    net = TwoLayerNet(6, 5, 3, backend="cpu", seed=0)
    masked = np.ma.masked_array(X, mask=X > 0.5)
    for call in (
        net.predict,
        net.classify,
        lambda x: net.loss(x, T),
        lambda x: net.accuracy(x, T),
        lambda x: net.gradient(x, T),
    ):
        with pytest.raises(
            TypeError, match="^`x` must not be masked: no layer knows masks; fill it"
        ):
            call(masked)


def test_complex_data_is_refused():
    net = Network.from_params(params())
    with pytest.raises(TypeError, match="`x` must be real; got complex128"):
        net.predict(X * 1j)
    with pytest.raises(TypeError, match="labels must be real; got complex128"):
        net.loss(X, np.eye(3)[T] * 1j)


def test_one_array_is_one_parameter_only():
    """It would be changed for both on one library, for one on another, and untied by loading."""
    W = np.eye(2)
    layers = {"a": Affine(W, np.zeros(2)), "b": Affine(W, np.zeros(2))}
    with pytest.raises(
        ValueError,
        match="each parameter must be an array of its own; `W2` is `W1`, or a part of it: give "
        "one of the two layers a copy",
    ):
        Network(layers, SoftmaxWithLoss())
    layers["b"].W = W.copy()
    assert list(Network(layers, SoftmaxWithLoss()).params) == ["W1", "b1", "W2", "b2"]


@pytest.mark.parametrize("library", ["numpy", "torch"])
@pytest.mark.parametrize("view", [lambda W: W.T, lambda W: W[:, :], lambda W: W[1, :]])
def test_two_parameters_share_no_memory(library, view):
    """They would be tied where arrays are changed in place, and not elsewhere."""
    if library == "torch":
        pytest.importorskip("torch")
    array = backends.select("cpu", library).asarray
    W = array(np.eye(2))
    parts = (W, array(np.zeros(2))), (view(W), array(np.zeros(2)))
    if view(W).ndim == 1:
        parts = (W, array(np.zeros(2))), (array(np.eye(2)), view(W))
    layers = {"a": Affine(*parts[0]), "b": Affine(*parts[1])}
    with pytest.raises(ValueError, match=r"must be an array of its own; `.2` is `W1`, or a part"):
        Network(layers, SoftmaxWithLoss())


def test_parameters_may_lie_side_by_side_in_one_array():
    flat = np.zeros(17)
    layers = {
        "a": Affine(flat[:6].reshape(2, 3), flat[6:9]),
        "b": Affine(flat[9:15].reshape(3, 2), flat[15:]),
    }
    assert list(Network(layers, SoftmaxWithLoss()).params) == ["W1", "b1", "W2", "b2"]
    both = np.zeros((2, 4))
    layers = {"a": Affine(both[:, ::2], np.zeros(2)), "b": Affine(both[:, 1::2], np.zeros(2))}
    assert list(Network(layers, SoftmaxWithLoss()).params) == ["W1", "b1", "W2", "b2"]


def test_what_a_network_is_not_made_of_is_named():
    with pytest.raises(TypeError, match="`params` must be a mapping of names to arrays; got 3"):
        Network.from_params(3)
    values = {"W1": np.ones((2, 2)) + 1j, "b1": np.zeros(2)}
    with pytest.raises(TypeError, match="`W1` must be real; got complex128"):
        Network.from_params(values, dtype="float64", backend="cpu")


@pytest.mark.parametrize("library", ["numpy", "torch", "jax"])
def test_a_copy_in_a_dtype_that_is_too_small_is_refused(library):
    if library != "numpy":
        pytest.importorskip(library)
    params = {"W1": np.full((2, 2), 1e6, "f4"), "b1": np.zeros(2, "f4")}
    net = Network.from_params(params, backend=backends.select("cpu", library))
    with pytest.raises(OverflowError, match="values must fit float16; got 1000000"):
        net.to(dtype="float16")
    for dtype in (3, "int8"):
        with pytest.raises(TypeError, match=f"`dtype` must be real floating; got {dtype!r}"):
            net.to(dtype=dtype)


def test_a_layer_may_stand_in_one_place_only():
    affine = Affine(np.ones((2, 2)), np.zeros(2))
    with pytest.raises(ValueError, match="each layer must be an object of its own; 'b' is 'a'"):
        Network({"a": affine, "r": Relu(), "b": affine}, SoftmaxWithLoss())


def test_networks_can_be_copied_and_pickled():
    net = Network.from_params(params())
    for other in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert other.loss(X, T) == net.loss(X, T)
        other.params["W1"] -= 1.0
        assert other.layers["Affine1"].W[0, 0] == net.params["W1"][0, 0] - 1.0


def test_layers_are_fixed():
    with pytest.raises(TypeError):
        Network.from_params(params()).layers["new"] = Relu()


def test_accuracy_needs_as_many_labels_as_inputs():
    net = TwoLayerNet(6, 5, 3, backend="cpu")
    with pytest.raises(ValueError, match=r"as many samples, 1 or more; got \(4, 6\) and \(5,\)"):
        net.accuracy(X, np.zeros(5, dtype=int))
    with pytest.raises(ValueError, match=r"1 or more; got \(0, 6\) and \(0,\)"):
        net.accuracy(X[:0], T[:0])


def test_to_another_backend(case: Case):
    net = Network.from_params({k: v.astype(case.dtype) for k, v in params().items()})
    net.gradient(X, T)
    moved = net.to(case.backend)
    assert moved.backend == case.backend
    assert moved.layers["Affine1"].grads["W"] is not net.layers["Affine1"].grads["W"]
    case.check(moved.layers["Affine1"].grads["W"], net.layers["Affine1"].grads["W"])
    with pytest.raises(RuntimeError, match="needs a forward pass first"):
        moved.layers["Affine1"].backward()
    assert moved.last_layer is not net.last_layer
    case.check(moved.predict(case.array(X)), net.predict(X))
    moved.params["W1"] -= moved.params["W1"]
    assert np.any(net.params["W1"])


def test_a_network_that_has_run_can_be_copied_deeply():
    net = TwoLayerNet(6, 5, 3, backend=backends.select("device1", "array-api-strict"), seed=0)
    x, t = net.backend.asarray(X), net.backend.asarray(T)
    net.gradient(x, t)
    other = copy.deepcopy(net)
    other.params["W1"] -= other.params["W1"]
    assert float(other.loss(x, t)) != float(net.loss(x, t))


@pytest.mark.needs_values
def test_to_another_backend_and_back(case: Case):
    net = Network.from_params({k: v.astype(case.dtype) for k, v in params().items()})
    back = net.to(case.backend).to(backends.host())
    np.testing.assert_array_equal(back.params["W2"], net.params["W2"])


def test_to_a_device_without_the_dtype():
    with pytest.raises(TypeError, match=r"`dtype` must be one that array-api-strict on no_float64"):
        TwoLayerNet(6, 5, 3, dtype="float64", backend="cpu").to("no_float64", "array-api-strict")


@pytest.mark.needs_values
@pytest.mark.needs_indices
def test_classify(case: Case):
    net = Network.from_params(on(case, params()))
    expected = case.numpy(net.predict(case.array(X))).argmax(axis=1)
    for batch_size in (1, 3, 4, 1000):
        classes = net.classify(case.array(X), batch_size)
        assert backends.of(classes) == case.backend
        assert case.numpy(classes).tolist() == expected.tolist()
    assert case.numpy(net.classify(case.array(X.reshape(4, 1, 2, 3)))).tolist() == expected.tolist()
    one = net.classify(case.array(X[1]))
    assert one.shape == ()
    assert int(one) == expected[1]


@pytest.mark.needs_values
def test_classify_with_one_output(case: Case):
    net = Network.from_params(
        on(case, {"W1": np.ones((1, 1)), "b1": np.zeros(1)}), last_layer=SigmoidWithLoss()
    )
    classes = net.classify(case.array([[1.0], [-1.0], [0.0], [3.0]]), 3)
    assert case.numpy(classes).tolist() == [1, 0, 0, 1]


@pytest.mark.needs_values
@pytest.mark.needs_indices
def test_accuracy_of_one_output_and_targets_that_are_no_classes(case: Case):
    net = Network.from_params(
        on(case, {"W1": np.ones((1, 1)), "b1": np.zeros(1)}), last_layer=SigmoidWithLoss()
    )
    x = case.array([[1.0], [-1.0], [2.0], [3.0]])
    assert net.accuracy(x, case.array([1.0, 0.0, 0.0, 0.5])) == 0.5


def test_classify_refuses():
    net = Network.from_params(params())
    with pytest.raises(ValueError, match="`batch_size` must be 1 or more; got 0"):
        net.classify(X, 0)
    with pytest.raises(ValueError, match=r"`x` must hold 1 or more samples; got \(0, 6\)"):
        net.classify(X[:0])


def test_classes_and_probabilities_of_a_softmax_of_one_output_are_refused():
    net = Network.from_params({"W1": np.ones((6, 1)), "b1": np.zeros(1)})
    for ask in (
        lambda: net.classify(X),
        lambda: net.classify(X[0]),
        lambda: net.accuracy(X, T * 0),
        lambda: net.probabilities(X),
        lambda: net.loss(X, T * 0),
    ):
        with pytest.raises(ValueError, match="SoftmaxWithLoss must have 2 or more outputs.*got 1"):
            ask()
    net.last_layer = IdentityWithLoss()
    assert net.classify(X).shape == (4,)


OTHERS = {"numpy": "torch", "torch": "numpy", "jax": "numpy", "array-api-strict": "torch"}


@pytest.mark.parametrize("library", OTHERS)
@pytest.mark.parametrize("method", ["fast", "elementwise"])
def test_numerical_gradient_refuses_foreign_arrays(library, method):
    pytest.importorskip("torch")
    if library == "jax":
        pytest.importorskip("jax")
    backend, other = (backends.select("cpu", name) for name in (library, OTHERS[library]))
    net = TwoLayerNet(4, 3, 2, backend=backend, seed=0)
    x, t = [[0.0, 1.0, 2.0, 3.0]] * 2, [0, 1]
    for foreign in ("x", "t"):
        arrays = [
            (other if name == foreign else backend).asarray(value)
            for name, value in (("x", x), ("t", t))
        ]
        with pytest.raises(
            TypeError,
            match=f"`{foreign}` must be an array of {backend}; got an array of {other}; convert it "
            rf"with `backends.select\('cpu', '{library}'\).asarray\({foreign}\)`",
        ):
            net.numerical_gradient(*arrays, method=method)


def test_a_parameter_of_another_dtype_or_library_names_the_call_that_converts():
    net = TwoLayerNet(4, 3, 2, backend="cpu", seed=0)
    value = np.random.default_rng(0).standard_normal((4, 3))
    call = r"convert it with `backends.select\('cpu', 'numpy'\).asarray\(W1, 'float32'\)`"
    with pytest.raises(TypeError, match=f"must have dtype float32; got float64; {call}"):
        net.params["W1"] = value
    with pytest.raises(TypeError, match=f"got an array of array-api-strict on cpu; {call}"):
        net.params["W1"] = backends.select("cpu", "array-api-strict").asarray(value)
    with pytest.raises(TypeError, match=f"got list; {call}"):
        net.params["W1"] = value.tolist()
    net.params["W1"] = backends.select("cpu", "numpy").asarray(value, "float32")
    np.testing.assert_array_equal(net.params["W1"], value.astype("float32"))


def test_the_book_s_name_of_the_last_layer():
    net = TwoLayerNet(4, 3, 2, backend="cpu", seed=0)
    assert net.lastLayer is net.last_layer
    net.lastLayer = other = SoftmaxWithLoss()
    assert net.last_layer is other
