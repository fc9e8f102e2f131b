"""Training that is interrupted goes on as if it had not been."""

import copy
import os
import pickle
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import backends
from backprop import SGD, Affine, History, Network, SoftmaxWithLoss, Trainer, TwoLayerNet
from backprop.training import Optimizer
from tests.support import Case

PROGRAM = Path(__file__).with_name("resumed.py")
RESUMED = runpy.run_path(str(PROGRAM))
Adam, trainer, on_host, X, T = (RESUMED[n] for n in ("Adam", "trainer", "on_host", "X", "T"))
STEPS = 25  # epochs have 7 steps


def same(a, b):
    """Tell whether nested states are equal, bit for bit."""
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.tobytes() == b.tobytes()
    return type(a) is type(b) and a == b


def ended(state, without=("seconds",)):
    """What a run ends with, but for the time it took."""
    history = {k: v for k, v in state["history"].items() if k not in without}
    return {**on_host(state), "history": history}


@pytest.mark.parametrize("library", ["numpy", "torch", "jax"])
@pytest.mark.parametrize(
    ("after", "host"), [(3, True), (10, False), (14, True)], ids=["3", "10, own arrays", "14"]
)
def test_in_a_new_process_the_rest_is_bit_for_bit_the_same(library, after, host, tmp_path):
    if library != "numpy":
        pytest.importorskip(library)
    backend = backends.select("cpu", library)
    once = trainer(backend, "float32")
    once.fit((X, T), (X, T), iterations=STEPS)
    first = trainer(backend, "float32")
    first.fit((X, T), (X, T), iterations=after)
    state = first.state_dict()
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_bytes(pickle.dumps(on_host(state) if host else state))
    first.fit((X, T), (X, T), iterations=STEPS - after)  # must not reach what was taken out
    subprocess.run(
        [sys.executable, str(PROGRAM), library, "float32", str(STEPS - after), str(old), str(new)],
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
    )
    second = pickle.loads(new.read_bytes())
    wanted = on_host(once.state_dict())
    for part in ("network", "optimizer", "position"):
        assert same(second[part], wanted[part]), part
    assert second["history"]["loss"] == once.history.loss
    measured, expected = (
        dict(zip(history["iteration"], history["test_accuracy"], strict=True))
        for history in (second["history"], once.history.state_dict())
    )
    assert expected.items() <= measured.items()
    assert measured.keys() - expected.keys() <= {after}
    assert same(ended(first.state_dict()), ended(second))


@pytest.mark.needs_values
@pytest.mark.needs_indices
def test_on_every_library_in_one_process(case: Case):
    once = trainer(case.backend, case.dtype)
    once.fit((X, T), iterations=12)
    first = trainer(case.backend, case.dtype)
    first.fit((X, T), iterations=5)
    state = first.state_dict()
    before = copy.deepcopy(on_host(state))
    first.fit((X, T), iterations=7)
    assert same(on_host(state), before)  # a snapshot, also of what an optimizer changes in place
    second = trainer(case.backend, case.dtype, seed=99)
    second.load_state_dict(before)
    second.fit((X, T), iterations=7)
    for other in (first, second):
        assert other.history.loss == once.history.loss
        for part in ("network", "optimizer", "position"):
            assert same(on_host(other.state_dict())[part], on_host(once.state_dict())[part])
    for name, value in second.optimizer.m.items():
        assert backends.of(value) == case.backend, name


@pytest.mark.needs_values
@pytest.mark.needs_indices
def test_a_state_goes_to_another_library(case: Case):
    first = trainer(backends.host(), "float32")
    first.fit((X, T), iterations=5)
    second = trainer(case.backend, "float32", seed=99)
    second.load_state_dict(first.state_dict())
    first.fit((X, T), iterations=9)
    second.fit((X, T), iterations=9)
    np.testing.assert_allclose(second.history.loss, first.history.loss, rtol=1e-4)


@pytest.mark.needs_values
@pytest.mark.needs_indices
def test_it_is_made_of_plain_things(case: Case):
    first = trainer(case.backend, case.dtype)
    first.fit((X, T), iterations=5)

    def kinds(value):
        if isinstance(value, dict):
            assert all(type(key) is str for key in value)
            return {kind for item in value.values() for kind in kinds(item)}
        if isinstance(value, list):
            return {kind for item in value for kind in kinds(item)}
        return {type(value)}

    array = type(case.backend.asarray([1.0]))
    assert kinds(first.state_dict()) <= {int, float, str, bool, array}
    assert set(first.state_dict()) == {"network", "optimizer", "position", "history"}


def test_a_second_fit_goes_on_within_its_epoch():
    once = trainer(backends.host(), "float64")
    once.fit((X, T), (X, T), iterations=21)
    parts = trainer(backends.host(), "float64")
    epochs = []
    for iterations in (3, 2, 10, 6):
        history = parts.fit(
            (X, T), (X, T), iterations=iterations, on_epoch=lambda h: epochs.append(h.epoch[-1])
        )
    assert history is parts.history
    assert history.loss == once.history.loss
    assert history.iteration == [3, 5, 7, 14, 15, 21]
    assert history.epoch == epochs == [3 / 7, 5 / 7, 1.0, 2.0, 2 + 1 / 7, 3.0]
    assert [history.test_accuracy[i] for i in (2, 3, 5)] == once.history.test_accuracy


def test_what_is_left_of_an_epoch_counts_as_one():
    parts = trainer(backends.host(), "float64")
    parts.fit((X, T), iterations=3)
    assert parts.fit((X, T), epochs=1).epoch[-1] == 1.0
    assert parts.fit((X, T), epochs=2).epoch[-1] == 3.0


def test_with_another_number_of_samples_an_epoch_begins():
    parts = trainer(backends.host(), "float64")
    parts.fit((X, T), iterations=3)
    history = parts.fit((X[:24], T[:24]), epochs=1)
    assert history.iteration == [3, 6]
    assert history.epoch == [3 / 7, 3 / 7 + 1]
    parts.fit((X, T), iterations=2)
    parts.batch_size = 25
    assert parts.fit((X, T), epochs=1).iteration[-1] == 6 + 2 + 2
    with pytest.raises(ValueError, match="`batch_size` must be 1 or more; got 0"):
        parts.batch_size = 0
    assert parts.batch_size == 25


def test_an_interrupted_epoch_goes_on():
    class Interrupted(Adam):
        interrupted = False

        def update(self, params, grads):
            if self.steps == 9 and not self.interrupted:
                self.interrupted = True
                raise KeyboardInterrupt
            super().update(params, grads)

    once = trainer(backends.host(), "float64")
    once.fit((X, T), iterations=20)
    first = trainer(backends.host(), "float64", optimizer=Interrupted)
    history = first.fit((X, T), epochs=3)
    assert history.interrupted
    assert len(history.loss) == 9
    state = first.state_dict()
    history = first.fit((X, T), iterations=11)
    assert not history.interrupted
    assert history.loss == once.history.loss
    second = trainer(backends.host(), "float64", seed=5)
    second.load_state_dict(state)
    assert second.history.interrupted
    second.fit((X, T), iterations=11)
    assert second.history.loss == once.history.loss


def test_a_state_can_be_taken_after_each_epoch():
    once, states = trainer(backends.host(), "float64"), []
    once.fit((X, T), epochs=3, on_epoch=lambda history: states.append(once.state_dict()))
    second = trainer(backends.host(), "float64", seed=5)
    second.load_state_dict(states[0])
    second.fit((X, T), epochs=2)
    assert second.history.loss == once.history.loss
    assert second.history.epoch == [1.0, 2.0, 3.0]
    assert same(ended(second.state_dict()), ended(states[-1]))


def test_the_time_goes_on_too():
    first = trainer(backends.host(), "float64")
    first.fit((X, T), iterations=3)
    first.history.seconds = 100.0
    second = trainer(backends.host(), "float64")
    second.load_state_dict(first.state_dict())
    assert 100 < second.fit((X, T), iterations=1).seconds < 150


def test_sgd_remembers_its_learning_rate():
    first = trainer(backends.host(), "float64", optimizer=lambda: SGD(0.25))
    assert isinstance(first.optimizer, Optimizer)
    assert first.state_dict()["optimizer"] == {"lr": 0.25}
    second = trainer(backends.host(), "float64", optimizer=SGD)
    second.load_state_dict(first.state_dict())
    assert second.optimizer.lr == 0.25
    with pytest.raises(ValueError, match="the state of SGD must hold lr; got m, v"):
        SGD().load_state_dict({"m": {}, "v": {}})
    with pytest.raises(ValueError, match="the state of SGD must hold lr; got nothing"):
        SGD().load_state_dict({})
    with pytest.raises(ValueError, match="`lr` must be positive and finite; got -1"):
        SGD().load_state_dict({"lr": -1})


class Plain:
    """The book's optimizer: `update`, and no more."""

    def update(self, params, grads):
        for key in params:
            params[key] -= 0.1 * grads[key]


def test_an_optimizer_with_update_alone_is_enough():
    assert not isinstance(Plain(), Optimizer)
    once = trainer(backends.host(), "float64", optimizer=Plain)
    once.fit((X, T), iterations=10)
    first = trainer(backends.host(), "float64", optimizer=Plain)
    first.fit((X, T), iterations=4)
    state = first.state_dict()
    assert state["optimizer"] == {}
    second = trainer(backends.host(), "float64", seed=5, optimizer=Plain)
    second.load_state_dict(state)
    second.fit((X, T), iterations=6)
    assert second.history.loss == once.history.loss


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (
            lambda s: s.pop("history"),
            ValueError,
            "`state` must hold network, optimizer, position, history; got network, optimizer",
        ),
        (lambda s: s["network"].pop("b1"), ValueError, "missing: b1"),
        (lambda s: s["optimizer"].pop("m"), KeyError, "m"),
        (lambda s: s["history"].pop("loss"), ValueError, "a history must hold loss, epoch,"),
        (lambda s: s["position"].pop("epochs"), ValueError, "position .*; KeyError: 'epochs'"),
        (lambda s: s["position"].update(batches=7), ValueError, "7 batches of 8, of 50 samples"),
        (
            lambda s: s["position"].update(batches=2, batch_size=25),
            ValueError,
            "2 batches of 25, of 50 samples",
        ),
        (lambda s: s["position"].update(batch_size=0), ValueError, "the position must be one that"),
        (lambda s: s["position"].update(samples="x"), ValueError, "the position must be one that"),
        (lambda s: s["position"]["generator"].update(state=1), ValueError, "the position must be"),
    ],
)
def test_a_wrong_state_changes_nothing(change, error, message):
    first = trainer(backends.host(), "float64")
    first.fit((X, T), iterations=5)
    second = trainer(backends.host(), "float64", seed=5)
    second.fit((X, T), iterations=3)
    before = on_host(second.state_dict())
    state = copy.deepcopy(on_host(first.state_dict()))
    change(state)
    with pytest.raises(error, match=message):
        second.load_state_dict(state)
    assert same(on_host(second.state_dict()), before)


def test_an_optimizer_that_can_remember_nothing_is_given_nothing():
    first = trainer(backends.host(), "float64")
    first.fit((X, T), iterations=2)
    second = trainer(backends.host(), "float64", optimizer=Plain)
    with pytest.raises(
        TypeError, match="must have state_dict and load_state_dict, to take steps, m, v; got Plain"
    ):
        second.load_state_dict(first.state_dict())


class Momentum:
    """The book's, in plain attributes."""

    def __init__(self, lr=0.1, momentum=0.9):
        self.lr, self.momentum, self.v = lr, momentum, None
        self.rate = lambda step: lr

    def update(self, params, grads):
        if self.v is None:
            self.v = {key: 0 * value for key, value in params.items()}
        for key in params:
            self.v[key] = self.momentum * self.v[key] - self.lr * grads[key]
            params[key] = params[key] + self.v[key]


def test_the_attributes_of_an_optimizer_are_what_it_remembers(tmp_path):
    once = trainer(backends.host(), "float64", optimizer=Momentum)
    once.fit((X, T), iterations=10)
    first = trainer(backends.host(), "float64", optimizer=Momentum)
    first.fit((X, T), iterations=4)
    first.save(tmp_path / "c.safetensors")
    second = Trainer.resume(tmp_path / "c.safetensors", optimizer=Momentum())
    second.fit((X, T), iterations=6)
    assert second.history.loss == once.history.loss
    assert second.optimizer.v["W1"].tobytes() == once.optimizer.v["W1"].tobytes()
    assert second.optimizer.rate(0) == 0.1  # a function is no memory


@pytest.mark.parametrize("name", ["state_dict", "load_state_dict"])
def test_an_optimizer_has_both_ways_or_neither(name):
    half = type("Half", (Plain,), {name: lambda self, *state: {}})
    with pytest.raises(TypeError, match=f"both .* or neither; got Half with {name}$"):
        trainer(backends.host(), "float64", optimizer=half)


def test_an_optimizer_that_fails_while_it_loads_is_put_back():
    class Fails(Momentum):
        def state_dict(self):
            return {"lr": self.lr, "v": self.v}

        def load_state_dict(self, state):
            self.lr = state["lr"]
            self.v = dict(state["v"])

    first = trainer(backends.host(), "float64", optimizer=Fails)
    first.fit((X, T), iterations=2)
    second = trainer(backends.host(), "float64", optimizer=Fails)
    second.fit((X, T), iterations=1)
    before = on_host(second.state_dict())
    state = first.state_dict()
    state["optimizer"] = {"lr": 0.5, "v": 3}
    with pytest.raises(TypeError, match="not iterable"):
        second.load_state_dict(state)
    assert second.optimizer.lr == 0.1
    assert same(on_host(second.state_dict()), before)


def test_a_named_tuple_is_copied_and_not_written(tmp_path):
    from collections import namedtuple

    Pair = namedtuple("Pair", "m v")

    class Named(Plain):
        pair = None

        def update(self, params, grads):
            super().update(params, grads)
            self.pair = Pair(grads["W1"], 1.0)

    first = trainer(backends.host(), "float64", optimizer=Named)
    first.fit((X, T), iterations=1)
    assert first.state_dict()["optimizer"]["attributes"]["pair"].v == 1.0
    with pytest.raises(TypeError, match="optimizer/attributes/pair must hold .*; got Pair"):
        first.save(tmp_path / "c.safetensors")


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"loss": "abc"}, TypeError, "`loss` of a history must be a list of numbers; got 'abc'"),
        ({"epoch": [None]}, TypeError, "`epoch` of a history must be a list of numbers"),
        ({"seconds": "3"}, TypeError, "`seconds` must be a number; got '3'"),
        ({"interrupted": 1}, TypeError, "`interrupted` must be True or False; got 1"),
        ({"iteration": [1, 2]}, ValueError, "for each of 2 iterations; got 1, 1 and 0"),
        ({"test_accuracy": [0.1, 0.2]}, ValueError, "for each of 1 iterations; got 1, 1 and 2"),
    ],
)
def test_a_history_is_what_it_says(change, error, message):
    state = History([1.0], [1.0], [1], [0.5], [], 2.0).state_dict()
    with pytest.raises(error, match=message):
        History.from_state_dict(state | change)


def test_networks_without_parameters_train_too():
    """There is nothing to learn, but what there is to measure is measured."""
    net = Network({}, SoftmaxWithLoss())
    assert Trainer(net, seed=0).fit((np.eye(3), np.arange(3)), epochs=1).train_accuracy == [1.0]


def test_a_loss_layer_without_label_rules_is_left_alone():
    class MeanSquare:
        def forward(self, y, t):
            self.difference = y - t
            return np.mean(self.difference**2)

        def backward(self, dout=1):
            return dout * 2 * self.difference / self.difference.size

    net = Network({"Affine": Affine(np.ones((6, 3)), np.zeros(3))}, MeanSquare())
    history = Trainer(net, seed=0).fit((X, np.eye(3)[T]), epochs=3)
    assert history.loss[-1] < history.loss[0]


def test_a_history_is_its_own_copy():
    history = History([1.0], [1.0], [1], [0.5], [], 2.0, True)
    state = history.state_dict()
    other = History.from_state_dict(state)
    assert other == history
    other.loss.append(3.0)
    history.loss.append(2.0)
    assert state["loss"] == [1.0]


def test_two_layer_net_is_what_the_program_trains():
    assert type(trainer(backends.host(), "float64").net) is TwoLayerNet
