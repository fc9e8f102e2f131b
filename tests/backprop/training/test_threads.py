import threading

import numpy as np
import pytest
import threadpoolctl

from backprop import SGD, Trainer, TwoLayerNet
from backprop.training import threads
from backprop.training.threads import SMALL, few_threads, largest_product


def blas_threads():
    """Return the numbers of threads of all BLAS libraries in this process."""
    info = threadpoolctl.threadpool_info()
    return [each["num_threads"] for each in info if each["user_api"] == "blas"]


@pytest.fixture
def three(monkeypatch):
    """Let BLAS use three threads, said by no variable; all is back afterwards."""
    for name in threads.VARIABLES:
        monkeypatch.delenv(name, raising=False)
    with threadpoolctl.threadpool_limits(3, "blas"):
        if not blas_threads() or set(blas_threads()) != {3}:
            pytest.skip("the number of threads of this BLAS can't be set")
        yield


class Spy(SGD):
    """Remembers how many threads a step had."""

    def update(self, params, grads):
        self.seen = set(blas_threads())
        super().update(params, grads)


def data(n=20, d=4):
    return np.random.default_rng(0).random((n, d)), np.arange(n) % 2


def test_a_small_network_trains_with_one_thread_and_nothing_else_does(three):
    net, spy, between = TwoLayerNet(4, 3, 2, backend="cpu", seed=0), Spy(0.1), []
    trainer = Trainer(net, spy, batch_size=5, seed=0)
    trainer.fit(data(), epochs=2, on_epoch=lambda _: between.extend(blas_threads()))
    assert spy.seen == {1}
    assert set(between) == {3}
    assert set(blas_threads()) == {3}


def test_what_fails_in_a_step_leaves_the_number_as_it_was(three):
    class Broken(SGD):
        def update(self, params, grads):
            raise ArithmeticError("broken")

    net = TwoLayerNet(4, 3, 2, backend="cpu", seed=0)
    with pytest.raises(ArithmeticError, match="broken"):
        Trainer(net, Broken(0.1), seed=0).fit(data(), epochs=1)
    assert set(blas_threads()) == {3}


def test_a_large_network_keeps_its_threads(three):
    net, spy = TwoLayerNet(1000, 600, 2, backend="cpu", seed=0), Spy(0.1)
    x, t = data(n=200, d=1000)
    assert largest_product(net, x, 200) > SMALL > largest_product(net, x, 100)
    Trainer(net, spy, batch_size=200, seed=0).fit((x, t), epochs=1)
    assert spy.seen == {3}


def test_a_number_that_was_asked_for_is_kept(three, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    spy = Spy(0.1)
    Trainer(TwoLayerNet(4, 3, 2, backend="cpu", seed=0), spy, seed=0).fit(data(), epochs=1)
    assert spy.seen == {3}


def test_two_that_train_side_by_side_put_back_what_was_before_both(three):
    net, x = TwoLayerNet(4, 3, 2, backend="cpu", seed=0), data()[0]
    entered, leave = threading.Event(), threading.Event()

    def other():
        with few_threads(net, x, 5):
            entered.set()
            leave.wait(10)

    thread = threading.Thread(target=other)
    with few_threads(net, x, 5):
        thread.start()
        assert entered.wait(10)
        assert set(blas_threads()) == {1}
    assert set(blas_threads()) == {3}
    leave.set()
    thread.join()
    assert set(blas_threads()) == {3}


class OfTwo:
    """The first of two processes, as far as a step asks; the other one learns nothing."""

    rank, size = 0, 2

    def __init__(self, **attributes):
        vars(self).update(attributes)

    def total(self, vector):
        return vector

    def from_first(self, value):
        return value


@pytest.mark.parametrize(
    ("attributes", "large", "small"), [({"cores": 2}, {2}, {1}), ({}, {3}, {1})]
)
def test_processes_on_one_machine_share_its_cores(three, attributes, large, small):
    for hidden, expected in ((1200, large), (600, small)):  # each has half a batch of 200
        net, spy = TwoLayerNet(1000, hidden, 2, backend="cpu", seed=0), Spy(0.1)
        communicator = OfTwo(**attributes)
        trainer = Trainer(net, spy, batch_size=200, seed=0, communicator=communicator)
        trainer.fit(data(n=200, d=1000), iterations=1)
        assert spy.seen == expected
    assert set(blas_threads()) == {3}


class Filters:
    """A network with one filter, as far as its size is asked."""

    def __init__(self, *arrays):
        self.params = {f"W{i}": array for i, array in enumerate(arrays)}


@pytest.mark.parametrize(
    ("arrays", "x", "samples", "expected"),
    [
        ([np.zeros((784, 50)), np.zeros(50), np.zeros((50, 10))], (60, 784), 60, 60 * 784 * 50),
        ([np.zeros((8, 1, 5, 5))], (200, 1, 28, 28), 100, 100 * 200 * 28 * 28),
        ([np.zeros(5)], (3, 5), 100, 0),
    ],
)
def test_the_largest_product_of_a_step(arrays, x, samples, expected):
    assert largest_product(Filters(*arrays), np.zeros(x), samples) == expected
