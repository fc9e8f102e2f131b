import copy
import inspect
import pickle

import numpy as np
import pytest

from backprop import SGD, Affine, Network, SoftmaxWithLoss, Trainer, TwoLayerNet
from tests.support import Case

X = np.random.default_rng(0).standard_normal((6, 4)).astype("float32")
T = np.array([0, 1, 2, 0, 1, 2])


class Own:
    """A network as the book writes it."""

    def __init__(self):
        rng = np.random.default_rng(0)
        self.params = {"W1": rng.standard_normal((4, 3)), "b1": np.zeros(3)}
        self.layers = {"Affine1": Affine(self.params["W1"], self.params["b1"])}
        self.lastLayer = SoftmaxWithLoss()

    def predict(self, x):
        return self.layers["Affine1"].forward(x)

    def accuracy(self, x, t):
        return np.mean(np.argmax(self.predict(x), axis=1) == t)


def net():
    return TwoLayerNet(4, 3, 3, backend="cpu", seed=0)


RIGHT = r"`Trainer\(net, SGD\(lr=0.1\), batch_size=100\).fit\(\(x_train, t_train\), "


@pytest.mark.parametrize(
    "call",
    [
        lambda: Trainer(net(), X, T, X, T, epochs=1, mini_batch_size=2, verbose=False),
        lambda: Trainer(net(), X, T, X, T),
        lambda: Trainer(net(), X, T),
        lambda: Trainer(net(), X),
        lambda: Trainer(net(), optimizer="sgd"),
        lambda: Trainer(net(), epochs=20),
        lambda: Trainer(net(), optimizer_param={"lr": 0.1}),
        lambda: Trainer(Own(), X, T, X, T, epochs=1),
        lambda: Trainer(),
    ],
)
def test_the_book_s_call_is_shown_ours(call):
    with pytest.raises(TypeError, match=RIGHT):
        call()


def test_the_book_s_network_is_told_how_to_become_ours():
    with pytest.raises(
        TypeError,
        match=r"`net` must be a Network; got Own, which has no backend, dtype, last_layer, "
        r"loss_and_gradient: `Network\(net.layers, net.lastLayer\)` makes one",
    ):
        Trainer(Own(), SGD(lr=0.1))
    own = Own()
    history = Trainer(Network(own.layers, own.lastLayer), SGD(lr=0.5), seed=0).fit((X, T), epochs=9)
    assert history.loss[-1] < history.loss[0]


def test_the_signature_is_the_one_that_is_written():
    names = ["net", "optimizer", "batch_size", "seed", "on_nan", "augment"]
    names += ["compile", "communicator"]
    assert list(inspect.signature(Trainer).parameters) == names


def test_an_optimizer_needs_update_alone():
    class Book:
        def update(self, params, grads):
            for key in params:
                params[key] -= 0.1 * grads[key]

    assert len(Trainer(net(), Book(), 2, 0).fit((X, T), epochs=1).loss) == 3


@pytest.mark.needs_values
@pytest.mark.needs_indices
def test_a_trainer_that_was_used_can_be_copied_and_pickled(case: Case):
    trainer = Trainer(TwoLayerNet(4, 3, 3, backend=case.backend, seed=0), batch_size=4, seed=0)
    trainer.net.backend.xp  # noqa: B018 - looked up, as any use does
    trainer.fit((X, T), epochs=1)
    others = copy.deepcopy(trainer), pickle.loads(pickle.dumps(trainer))
    expected = trainer.fit((X, T), epochs=2).loss
    for other in others:
        assert other.fit((X, T), epochs=2).loss == pytest.approx(expected, rel=1e-6)
