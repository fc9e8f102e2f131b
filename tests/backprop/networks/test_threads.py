"""Threads that predict while one trains; copies, pickles and other processes."""

import copy
import multiprocessing
import os
import pickle
import signal
import sys
import threading
from collections import OrderedDict, UserDict, UserList, defaultdict, deque
from types import SimpleNamespace

import numpy as np
import pytest

import backends
from backprop import SGD, Affine, Layer, Network, Relu, SoftmaxWithLoss, Trainer, TwoLayerNet

RNG = np.random.default_rng(0)
X = RNG.random((60, 6)).astype("f4")
T = X[:, :3].argmax(axis=1)
SIZES = [1, 3, 10, 17, 25, 30, 40, 60]
LIBRARIES = ["numpy", "torch", "jax"]


def backend_of(library):
    if library != "numpy":
        pytest.importorskip(library)
    return backends.select("cpu", library)


@pytest.fixture
def switching():
    """Threads take turns as often as can be."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def scores(net, x, t, to_numpy):
    found = net.predict(x), net.loss(x, t), net.classify(x)
    return (*(to_numpy(a).tobytes() for a in found), net.accuracy(x, t))


def in_threads(calls):
    errors = []

    def run(call):
        try:
            call()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


@pytest.mark.parametrize("library", LIBRARIES)
def test_eight_threads_predict_while_one_trains(library, switching):
    backend = backend_of(library)
    x, t, to_numpy = backend.asarray(X), backend.asarray(T), backend.to_numpy
    net = TwoLayerNet(6, 5, 3, 0.5, backend=backend, seed=0)
    parts = [(x[:n, :], t[:n]) for n in SIZES]
    alone = [scores(net, *part, to_numpy) for part in parts]
    gradient = {name: to_numpy(g) for name, g in net.gradient(x, t).items()}
    wrong, done = [], threading.Event()

    def predict(i):
        for _ in range(10):
            if scores(net, *parts[i], to_numpy) != alone[i]:
                wrong.append(i)

    def train():
        while not done.is_set():
            got = net.gradient(x, t)
            if any((to_numpy(got[name]) != g).any() for name, g in gradient.items()):
                wrong.append("gradient")

    trainer = threading.Thread(target=train)
    trainer.start()
    try:
        in_threads([lambda i=i: predict(i) for i in range(8)])
    finally:
        done.set()
        trainer.join()
    assert wrong == []


def test_training_is_what_it_is_alone(switching):
    nets = [TwoLayerNet(6, 5, 3, 0.5, backend="cpu", seed=0) for _ in range(2)]
    alone = Trainer(nets[0], SGD(0.1), 8, seed=0).fit((X, T), epochs=20).loss
    done = threading.Event()

    def predict():
        while not done.is_set():
            nets[1].loss(X[:7], T[:7])

    threads = [threading.Thread(target=predict) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        loss = Trainer(nets[1], SGD(0.1), 8, seed=0).fit((X, T), epochs=20).loss
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert loss == alone


ways_to_copy = pytest.mark.parametrize(
    "how",
    [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net)), Network.to],
    ids=["deepcopy", "pickle", "to"],
)


@ways_to_copy
@pytest.mark.parametrize("library", LIBRARIES)
def test_a_copy_has_one_state_while_another_thread_trains(library, how, switching):
    backend = backend_of(library)

    def key(net):
        return tuple(backend.to_numpy(x).tobytes() for x in net.params.values())

    def trainer(optimizer):
        return Trainer(TwoLayerNet(6, 20, 3, 0.5, backend=backend, seed=0), optimizer, 8, seed=1)

    class Noting(SGD):
        def update(self, params, grads):
            super().update(params, grads)
            states.add(key(alone.net))

    alone = trainer(Noting(0.1))
    states = {key(alone.net)}
    alone.fit((X, T), epochs=20)
    together, copies = trainer(SGD(0.1)), []
    thread = threading.Thread(target=lambda: together.fit((X, T), epochs=20))
    thread.start()
    while thread.is_alive():
        copies.append(how(together.net))
    assert copies
    assert {key(net) for net in copies} <= states
    assert key(together.net) == key(alone.net)


class Meanwhile:
    """Starts a thread when it is copied, and waits for what that does."""

    def __init__(self, thread=None, event=None):
        self.thread, self.event = thread, event

    def __reduce_ex__(self, protocol):
        if self.thread and self.thread.ident is None:
            self.thread.start()
            self.event.wait(0.5)
        return Meanwhile, ()


@ways_to_copy
def test_a_copy_has_one_state_where_training_begins_meanwhile(how):
    net = Network(
        {"A": Affine(np.eye(6), np.zeros(6)), "Relu": Relu(), "B": Affine(np.eye(6), np.zeros(6))},
        SoftmaxWithLoss(),
    )
    stepped = threading.Event()

    class Noting(SGD):
        def update(self, params, grads):
            super().update(params, grads)
            stepped.set()

    thread = threading.Thread(target=lambda: Trainer(net, Noting(0.1), 8).fit((X, T), epochs=1))
    net.layers["Relu"].between = Meanwhile(thread, stepped)
    before = {name: x.copy() for name, x in net.params.items()}
    other = how(net)
    thread.join()
    assert stepped.is_set()
    for name, x in before.items():
        np.testing.assert_array_equal(other.params[name], x, err_msg=name)
        assert (net.params[name] != x).any(), name


class Own:
    """A layer as the book writes it: it keeps attributes, a list, layers in a list and a tuple."""

    def __init__(self):
        self.x, self.seen, self.kept, self.inner = None, [], {}, [Relu()]
        self.again, self.last = self.keep, (Relu(), "after all")

    def keep(self, x):
        self.kept["x"] = x

    def forward(self, x):
        self.x = x
        self.seen.append(x.shape)
        self.again(x)
        return self.last[0].forward(self.inner[0].forward(x))

    def backward(self, dout):
        return self.inner[0].backward(self.last[0].backward(dout))


class Keeping(Layer):
    """Keeps its input in a container of some kind."""

    def __init__(self, box, put, get):
        super().__init__()
        self.params = {"W": np.eye(6)}
        self.box, self.put, self.get = box, put, get

    def forward(self, x):
        self.put(self.box, x)
        return x @ self.params["W"]

    def backward(self, dout=1):
        self.before()
        self.grads["W"] = self.get(self.box).T @ dout
        return dout @ self.params["W"].T

    def before(self):
        pass


class OwnDict(dict):
    """With an attribute beside its items."""


class OwnList(list):
    pass


by_key = (lambda box, x: box.update(x=x)), (lambda box: box["x"])
at_the_end = (lambda box, x: box.append(x)), (lambda box: box[-1])


@pytest.mark.parametrize(
    ("box", "put", "get"),
    [
        ({}, *by_key),
        (OrderedDict(), *by_key),
        (defaultdict(list), *by_key),
        (OwnDict(), *by_key),
        (UserDict(), *by_key),
        (defaultdict(list, {"a": {}}), lambda b, x: b["a"].update(x=x), lambda b: b["a"]["x"]),
        ([], *at_the_end),
        (OwnList(), *at_the_end),
        (UserList(), *at_the_end),
        (deque(maxlen=1), *at_the_end),
        (SimpleNamespace(), lambda b, x: setattr(b, "x", x), lambda b: b.x),
    ],
    ids=lambda v: type(v).__name__,
)
def test_what_a_layer_keeps_is_its_gradient_s_in_any_container(box, put, get):
    layer = Keeping(box, put, get)
    layers = {"Own": layer, "Affine": Affine(np.eye(6)[:, :3], np.zeros(3))}
    net = Network(layers, SoftmaxWithLoss())
    expected = net.gradient(X, T)["W1"]
    layer.before = lambda: in_threads([lambda: net.predict(X * 0 + 7)])
    np.testing.assert_array_equal(net.gradient(X, T)["W1"], expected)


def test_inference_keeps_nothing_in_any_layer():
    own = Own()
    net = Network({"Affine": Affine(np.ones((6, 3)), np.zeros(3)), "Own": own}, SoftmaxWithLoss())
    net.predict(X)
    net.loss(X, T)
    net.accuracy(X, T)
    net.classify(X)
    layers = [*net.layers.values(), net.last_layer, own.inner[0], own.last[0]]
    assert [getattr(layer, "cache", None) for layer in layers] == [None] * 5
    assert (own.x, own.seen, own.kept) == (None, [], {})
    with pytest.raises(
        RuntimeError, match=r"needs a forward pass first; in a network.*training=True"
    ):
        net.last_layer.backward()
    net.loss(X, T, training=True)
    assert own.seen == [(60, 3)]
    assert own.kept["x"] is own.x
    assert net.last_layer.backward().shape == (60, 3)
    net.gradient(X, T)
    assert net.last_layer.cache is None  # nothing stale is gone back from


class Undivided(Relu):
    """A layer that can't be copied."""

    def __copy__(self):
        raise TypeError("not to be copied")


def test_a_layer_that_can_not_be_copied_is_used_itself():
    net = Network(
        {"Affine": Affine(np.ones((6, 3)), np.zeros(3)), "U": Undivided()}, SoftmaxWithLoss()
    )
    assert net.predict(X).shape == (60, 3)
    assert net.layers["U"].cache is not None


class Decaying(TwoLayerNet):
    """A subclass whose own loss takes no `training`."""

    def loss(self, x, t):
        return super().loss(x, t) + 0.5 * (self.params["W1"] ** 2).sum()


def test_a_loss_of_ones_own_is_gone_back_from():
    own, plain = (kind(6, 5, 3, backend="cpu", seed=0) for kind in (Decaying, TwoLayerNet))
    got, wanted = own.gradient(X, T), plain.gradient(X, T)
    for name in wanted:
        np.testing.assert_array_equal(got[name], wanted[name])
    own.loss(X, T)
    assert own.last_layer.cache is None


@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_predictions_beside_a_compiled_step_that_donates_its_arrays(decay, switching):
    """The rate is so small that what is predicted stays the same."""
    backend = backend_of("jax")
    net = TwoLayerNet(6, 20, 3, backend=backend, seed=0)
    net.weight_decay_lambda = decay
    x, t = backend.asarray(X), backend.asarray(T)
    expected, done, found = scores(net, x, t, backend.to_numpy), threading.Event(), []

    def predicts():
        while not done.wait(0.002):
            found.append(scores(net, x, t, backend.to_numpy))

    def trains():
        try:
            Trainer(net, SGD(1e-30), 10, compile=True).fit((x, t), epochs=50)
        finally:
            done.set()

    in_threads([trains, predicts, predicts])
    assert len(found) > 10
    assert set(found) == {expected}


def test_memory_is_not_given_away_under_a_prediction_that_has_begun():
    inside, goes_on, gives = (threading.Event() for _ in range(3))

    class Waiting(Relu):
        def forward(self, x):
            inside.set()
            goes_on.wait()
            return super().forward(x)

    layers = {"Affine": Affine(np.ones((6, 3)), np.zeros(3)), "Waiting": Waiting()}
    net = Network(layers, SoftmaxWithLoss())

    def gives_away():
        net.exclusive.donate()
        gives.set()

    threads = [threading.Thread(target=call) for call in (lambda: net.predict(X), gives_away)]
    threads[0].start()
    inside.wait()
    threads[1].start()
    waited = not gives.wait(0.2)
    goes_on.set()
    for thread in threads:
        thread.join()
    assert waited
    assert gives.is_set()


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_compiled_step_gives_memory_away_where_the_library_compiles(library):
    net = TwoLayerNet(6, 5, 3, backend=backend_of(library), seed=0)
    Trainer(net, compile=True).fit((X, T), epochs=1)
    assert net.exclusive.donates == (library == "jax")


def test_one_thread_trains():
    net = TwoLayerNet(6, 5, 3, backend="cpu", seed=0)
    refused = []

    def other(history):
        def train():
            for call in (
                lambda: net.gradient(X, T),
                lambda: Trainer(net).fit((X, T), epochs=1),
            ):
                with pytest.raises(RuntimeError, match="one thread at a time can train a network"):
                    call()
                refused.append(1)
            net.predict(X)
            copy.deepcopy(net).gradient(X, T)

        in_threads([train])
        net.gradient(X, T)  # the thread itself may

    Trainer(net).fit((X, T), epochs=1, on_epoch=other)
    assert refused == [1, 1]
    in_threads([lambda: Trainer(net).fit((X, T), epochs=1)])  # it is free again

    def broken(history):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Trainer(net).fit((X, T), epochs=1, on_epoch=broken)
    in_threads([lambda: net.gradient(X, T)])


def test_a_gradient_that_is_interrupted_while_it_waits_leaves_the_network_free():
    net = TwoLayerNet(6, 5, 3, backend="cpu", seed=0)
    waits, done = threading.Event(), threading.Event()

    def copies():
        with net.exclusive.step:
            waits.set()
            done.wait()

    copier = threading.Thread(target=copies)
    copier.start()
    waits.wait()
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored after &
    try:
        threading.Timer(0.2, os.kill, [os.getpid(), signal.SIGINT]).start()
        with pytest.raises(KeyboardInterrupt):
            net.gradient(X, T)
    finally:
        signal.signal(signal.SIGINT, before)
        done.set()
    copier.join()
    in_threads([lambda: net.gradient(X, T)])


def ran(thing):
    """What another process makes of what it is sent."""
    if isinstance(thing, Trainer):
        return thing.fit((X, T), epochs=1).loss
    if isinstance(thing, Network):
        return backends.of(next(iter(thing.params.values()))).to_numpy(
            thing.predict(thing.backend.asarray(X))
        )
    return str(thing)


@pytest.mark.parametrize("library", LIBRARIES)
def test_copies_and_pickles_before_and_after_use(library):
    backend = backend_of(library)
    net = TwoLayerNet(6, 5, 3, 0.5, backend=backend, seed=0)
    trainer = Trainer(net, SGD(0.1), 8, seed=0)
    for used in (False, True):
        if used:
            trainer.fit((X, T), epochs=2)
            net.predict(backend.asarray(X))
        for again in (copy.deepcopy, lambda thing: pickle.loads(pickle.dumps(thing))):
            other = again(trainer)
            assert other.net is not net
            assert other.net.backend == backend == again(backend)
            np.testing.assert_array_equal(ran(again(net)), ran(net))
            assert ran(other) == ran(again(trainer))


def test_other_processes_take_them():
    net = TwoLayerNet(6, 5, 3, 0.5, backend="cpu", seed=0)
    trainer = Trainer(net, SGD(0.1), 8, seed=0)
    trainer.fit((X, T), epochs=1)
    wanted = ran(net), ran(copy.deepcopy(trainer)), ran(net.backend)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        got = pool.map(ran, [net, trainer, net.backend])
    np.testing.assert_array_equal(got[0], wanted[0])
    assert got[1:] == [*wanted[1:]]
