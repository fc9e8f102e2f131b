"""A layer with state, as a user would write it, through everything that a network goes through."""

import copy
import pickle

import numpy as np
import pytest

import backends
from backends import namespace
from backprop import (
    SGD,
    Affine,
    IdentityWithLoss,
    Layer,
    Network,
    SoftmaxWithLoss,
    Tanh,
    Trainer,
    gradcheck,
    load_params,
    save_params,
)
from tests.support import Case, central_difference

RNG = np.random.default_rng(3)
X, T = RNG.standard_normal((12, 4)) * 2 + 1, np.arange(12) % 3
STATE = ("running_mean1", "running_var1")


class BatchNormalization(Layer):
    """Normalizes each column: by the batch in training, else by running statistics."""

    def __init__(self, gamma, beta, momentum=0.9):
        super().__init__()
        self.momentum = momentum
        self.params = {"gamma": gamma, "beta": beta}
        xp = namespace(gamma)
        self.state = {"running_mean": xp.zeros_like(gamma), "running_var": xp.ones_like(gamma)}

    def forward(self, x, training=False):
        xp = namespace(x)
        mean, var = self.state["running_mean"], self.state["running_var"]
        if training:
            mean = xp.mean(x, axis=0)
            var = xp.mean((x - mean) * (x - mean), axis=0)
            for key, value in (("running_mean", mean), ("running_var", var)):
                self.state[key] *= self.momentum  # in place: a copy that shared it would show
                self.state[key] += (1 - self.momentum) * value
        scale = 1.0 / xp.sqrt(var + 1e-7)
        normal = (x - mean) * scale
        self.cache = normal, scale, training
        return self.params["gamma"] * normal + self.params["beta"]

    def backward(self, dout=1):
        normal, scale, training = self.recall()
        xp = namespace(normal)
        self.grads["gamma"] = xp.sum(dout * normal, axis=0)
        self.grads["beta"] = xp.sum(dout, axis=0)
        dnormal = dout * self.params["gamma"]
        if training:
            along = xp.mean(dnormal * normal, axis=0)
            dnormal = dnormal - xp.mean(dnormal, axis=0) - normal * along
        return dnormal * scale


class BooksOwn(BatchNormalization):
    """The same with the argument that the book has."""

    def forward(self, x, train_flg=True):
        return super().forward(x, train_flg)


def network(case: Case, kind=BatchNormalization) -> Network:
    rng = np.random.default_rng(4)
    array = case.backend.asarray
    values = [rng.standard_normal(s) for s in ((4, 5), (5,), (5, 3), (3,))]
    W1, b1, W2, b2 = (array(v, case.dtype) for v in values)
    gamma, beta = (array(rng.uniform(0.5, 1.5, 5), case.dtype) for _ in range(2))
    layers = {
        "Affine1": Affine(W1, b1),
        "Norm1": kind(gamma, beta),
        "Tanh1": Tanh(),
        "Affine2": Affine(W2, b2),
    }
    return Network(layers, SoftmaxWithLoss())


def data(case: Case):
    return case.array(X), case.array(T)


def statistics(net: Network) -> list[list[float]]:
    held = net.state_dict()
    return [backends.of(held[name]).to_numpy(held[name]).tolist() for name in STATE]


def hidden(net: Network):
    """The first layer's outputs in float64: what is normalized."""
    W, b = (net.backend.to_numpy(net.params[n]).astype("float64") for n in ("W1", "b1"))
    return X @ W + b


def test_names_are_the_books_for_each_kind(case: Case):
    net = network(case)
    assert list(net.params) == ["W1", "b1", "gamma1", "beta1", "W2", "b2"]
    assert list(net.state_dict()) == [
        *("W1", "b1", "gamma1", "beta1", "running_mean1", "running_var1", "W2", "b2")
    ]
    layers = {**net.layers, "Norm2": BatchNormalization(*(case.array(np.ones(3)) for _ in "gb"))}
    assert list(Network(layers, SoftmaxWithLoss()).state_dict())[-4:] == [
        *("gamma2", "beta2", "running_mean2", "running_var2")
    ]


@pytest.mark.parametrize("kind", [BatchNormalization, BooksOwn])
@pytest.mark.needs_values
def test_statistics_change_in_training_only(case: Case, kind):
    net, (x, t) = network(case, kind), data(case)
    before = statistics(net)
    assert before == [[0.0] * 5, [1.0] * 5]
    y = net.predict(x)
    net.loss(x, t)
    net.gradient(x, t, training=False)
    if case.name != "strict:no_x64":
        net.classify(x)
        net.accuracy(x, t, batch_size=5)
    assert statistics(net) == before
    net.gradient(x, t)
    inputs = hidden(net)
    expected = [0.1 * inputs.mean(axis=0), 0.9 + 0.1 * inputs.var(axis=0)]
    np.testing.assert_allclose(statistics(net), expected, rtol=1e-4)
    assert case.numpy(net.predict(x)).tolist() != case.numpy(y).tolist()
    for train in (net.predict, lambda x, training: net.loss(x, t, training=training)):
        before = statistics(net)
        train(x, training=True)
        assert statistics(net) != before


@pytest.mark.needs_values
def test_inference_and_training_are_two_functions(case: Case):
    net, (x, _) = network(case), data(case)
    inputs = hidden(net)
    p = {name: case.numpy(value).astype("float64") for name, value in net.params.items()}
    normal = (inputs - inputs.mean(axis=0)) / np.sqrt(inputs.var(axis=0) + 1e-7)
    for training, values in ((False, inputs / np.sqrt(1 + 1e-7)), (True, normal)):
        after = np.tanh(p["gamma1"] * values + p["beta1"])
        expected = after @ p["W2"] + p["b2"]
        case.check(net.predict(x, training=training), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.needs_values
@pytest.mark.needs_indices
def test_a_class_is_the_largest_score_in_each_mode(case: Case):
    net, (x, t) = network(case), data(case)
    for training in (False, True):
        scores = case.numpy(net.predict(x, training=training))
        classes = case.numpy(net.classify(x, training=training))
        assert classes.tolist() == scores.argmax(axis=1).tolist()
        accuracy = net.accuracy(x, t, training=training)
        assert accuracy == np.mean(scores.argmax(axis=1) == T)


@pytest.mark.needs_indices  # the fast way sorts
@pytest.mark.parametrize("kind", [BatchNormalization, BooksOwn])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("method", ["fast", "elementwise"])
@pytest.mark.needs_values
def test_gradient_is_the_numerical_one(case: Case, kind, training, method):
    net, (x, t) = network(case, kind), data(case)
    exact = net.gradient(x, t, training=training)
    before = statistics(net)
    numerical = net.numerical_gradient(x, t, training=training, method=method)
    assert statistics(net) == before
    assert list(numerical) == list(exact) == list(net.params)
    atol = 1e-7 if case.dtype == "float64" else 5e-3 if not case.backend.has_float64 else 1e-5
    for name, value in exact.items():
        case.check(numerical[name], case.numpy(value), rtol=0, atol=atol)
    default = net.gradient(x, t)["W1"], net.gradient(x, t, training=True)["W1"]
    assert case.numpy(default[0]).tolist() == case.numpy(default[1]).tolist()


def test_gradient_is_that_of_the_plainest_loop():
    """Beside the library's own numerical gradient, which its layers take part in."""
    case = Case("numpy", backends.host(), "float64")
    net = network(case)
    exact = {training: net.gradient(X, T, training=training) for training in (True, False)}
    held = net.state_dict()
    for name, value in net.params.items():
        for training in (True, False):

            def f(v, name=name, training=training):
                other = network(case)
                other.load_state_dict({**held, name: v})
                return float(other.loss(X, T, training=training))

            expected = central_difference(f, value)
            np.testing.assert_allclose(exact[training][name], expected, rtol=0, atol=1e-8)


@pytest.mark.parametrize("mode", ["full", "directional"])
@pytest.mark.needs_values
@pytest.mark.needs_indices
def test_the_checker_agrees_in_training_mode(case: Case, mode):
    net, (x, t) = network(case), data(case)
    net.gradient(x, t)
    before = statistics(net)
    report = gradcheck(net, x, t, mode=mode)
    assert report.ok, report
    assert [entry.name for entry in report.entries] == list(net.params)
    assert statistics(net) == before


@pytest.mark.needs_values
def test_the_state_travels_and_a_copy_is_its_own(case: Case):
    net = network(Case("numpy", backends.host(), case.dtype))
    net.gradient(X.astype(case.dtype), T)
    held = statistics(net)
    moved = net.to(case.backend)
    x, t = data(case)
    case.check(moved.layers["Norm1"].state["running_mean"], held[0])
    np.testing.assert_allclose(statistics(moved), held, rtol=1e-6)
    case.check(moved.predict(x), net.predict(X.astype(case.dtype)), rtol=1e-4, atol=1e-5)
    moved.gradient(x, t)
    assert statistics(net) == held
    assert statistics(moved) != held
    again = moved.to()
    before = statistics(moved)
    again.gradient(x, t)
    assert statistics(moved) == before
    moved.gradient(x, t)
    moved.gradient(x, t)
    assert statistics(again) != statistics(moved)


def test_state_takes_the_networks_new_dtype(case: Case):
    narrow = network(case).to(dtype="float32")
    assert {x.dtype for x in narrow.state_dict().values()} == {case.backend.dtype("float32")}


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))])
@pytest.mark.needs_values
def test_used_networks_are_copied_and_pickled_with_their_state(case: Case, duplicate):
    net, (x, t) = network(case), data(case)
    net.gradient(x, t)
    before = statistics(net)
    other = duplicate(net)
    assert statistics(other) == before
    assert other.backend == net.backend
    y = case.numpy(other.predict(x))
    np.testing.assert_array_equal(y, case.numpy(net.predict(x)))
    other.gradient(x, t)
    assert statistics(net) == before != statistics(other)


@pytest.mark.needs_values
def test_a_snapshot_goes_back_whole(case: Case):
    net, (x, t) = network(case), data(case)
    optimizer = SGD(0.5)
    optimizer.update(net.params, net.gradient(x, t))
    held, y = net.state_dict(), case.numpy(net.predict(x))
    for _ in range(3):  # in place, where arrays can be changed so
        optimizer.update(net.params, net.gradient(x, t))
    assert case.numpy(net.predict(x)).tolist() != y.tolist()
    net.load_state_dict(held)
    np.testing.assert_array_equal(case.numpy(net.predict(x)), y)
    optimizer.update(net.params, net.gradient(x, t))
    net.load_state_dict(held)
    np.testing.assert_array_equal(case.numpy(net.predict(x)), y)


@pytest.mark.needs_values
def test_files_hold_the_state(case: Case, tmp_path):
    net, (x, t) = network(case), data(case)
    net.gradient(x, t)
    save_params(tmp_path / "p", net.state_dict(), {"epoch": "3"})
    arrays, metadata = load_params(tmp_path / "p")
    assert metadata == {"epoch": "3"}
    assert set(arrays) == set(net.state_dict())
    other = network(case)
    other.load_state_dict(arrays)
    assert statistics(other) == statistics(net)
    np.testing.assert_array_equal(case.numpy(other.predict(x)), case.numpy(net.predict(x)))


@pytest.mark.needs_values
@pytest.mark.needs_indices
def test_the_trainer_trains_and_measures(case: Case):
    net = network(case)
    x, t = data(case)
    history = Trainer(net, SGD(0.5), batch_size=4, seed=0).fit((x, t), (x, t), epochs=20)
    inputs = hidden(net)
    far = np.abs(np.asarray(statistics(net)[0]) - inputs.mean(axis=0))
    assert np.all(far < np.abs(inputs.mean(axis=0)))  # from 0 towards the mean
    before = statistics(net)
    assert history.test_accuracy[-1] == net.accuracy(x, t) > 0.5
    assert statistics(net) == before


def test_methods_of_a_subclass_are_told_if_they_take_it_or_a_layer_does():
    class Decayed(Network):
        def loss(self, x, t):
            return super().loss(x, t) + 0.5 * np.sum(self.params["W1"] ** 2)

    class Noisy(Network):
        def predict(self, x, *, training=False):
            return super().predict(x) + training

    case = Case("numpy", backends.host(), "float64")
    layers = network(case).layers
    plain = {name: layers[name] for name in ("Affine1", "Tanh1", "Affine2")}
    decayed = Decayed(plain, SoftmaxWithLoss())
    assert decayed.training_loss(X, T) == decayed.loss(X, T)
    for training in (True, False):
        loss, _ = decayed.loss_and_gradient(X, T, training=training)
        assert loss == decayed.loss(X, T)
    with pytest.raises(TypeError, match="unexpected keyword argument 'training'"):
        Decayed(layers, SoftmaxWithLoss()).gradient(X, T)  # would not train: its layers need it
    noisy = Noisy(plain, IdentityWithLoss())
    assert noisy.training_loss(X, T) != noisy.loss(X, T)
    assert noisy.training_loss(X, T) == noisy.loss(X, T, training=True)


def test_a_loss_layer_may_take_it_too():
    seen = []

    class Smoothed(SoftmaxWithLoss):
        def forward(self, x, t, training=False):
            seen.append(training)
            return super().forward(x, t)

    case = Case("numpy", backends.host(), "float64")
    net = Network(network(case).layers, Smoothed())
    net.loss(X, T)
    net.gradient(X, T)
    net.gradient(X, T, training=False)
    assert seen == [False, True, False]
    net.last_layer = SoftmaxWithLoss()
    net.gradient(X, T)
    assert seen == [False, True, False]
    net.last_layer = Smoothed()
    net.gradient(X, T)
    assert seen == [False, True, False, True]


class Drifting(Layer):
    """Adds what it keeps, which every pass of training moves on."""

    def __init__(self):
        super().__init__()
        self.state = {"shift": np.array([1.0, 0.0, 0.0])}

    def forward(self, x, training=False):
        if training:
            self.state["shift"] = 1.5 * self.state["shift"]
        return x + self.state["shift"]

    def backward(self, dout=1):
        return dout


@pytest.mark.parametrize("method", ["fast", "elementwise"])
def test_each_evaluation_starts_from_the_same_state(method):
    rng = np.random.default_rng(0)
    affine = Affine(rng.standard_normal((4, 3)), rng.standard_normal(3))
    net = Network({"affine": affine, "drifting": Drifting()}, SoftmaxWithLoss())
    x, t = rng.standard_normal((5, 4)), np.arange(5) % 3
    numerical = net.numerical_gradient(x, t, training=True, method=method)
    for name, value in net.gradient(x, t).items():
        np.testing.assert_allclose(numerical[name], value, rtol=1e-6, atol=1e-9)
