"""Several processes that train one network; here they are threads. `tests/mpi` has real ones."""

import threading
from functools import partial

import numpy as np
import pytest

from backprop import SGD, Adam, Affine, NotFiniteError, SoftmaxWithLoss, Trainer, TwoLayerNet
from backprop.layers.layer import Layer
from backprop.networks import Network
from backprop.parallel import share_of
from backprop.training.ranks import Ranks
from tests.mpi.programs import T, X, normalized, plain, with_masks
from tests.support import Case
from tests.together import Threads, together

TEST = X[:11], T[:11]


def learn(net, optimizer=SGD, communicator=None, iterations=40, data=(X, T), **options):
    """Return a trainer after some steps of 31 of 95 samples: the last batch of an epoch has 2."""
    rank = 0 if communicator is None else communicator.rank
    trainer = Trainer(
        net(3 + rank), optimizer(0.1), 31, seed=rank, communicator=communicator, **options
    )
    trainer.fit(data, TEST, iterations=iterations)
    return trainer


def check_same(found, expected, tolerance=1e-12):
    for name, value in expected.net.state_dict().items():
        np.testing.assert_allclose(found.net.state_dict()[name], value, rtol=0, atol=tolerance)
    np.testing.assert_allclose(found.history.loss, expected.history.loss, rtol=0, atol=tolerance)
    for name in ("iteration", "epoch", "train_accuracy", "test_accuracy"):
        np.testing.assert_allclose(getattr(found.history, name), getattr(expected.history, name))


@pytest.mark.parametrize("size", [1, 2, 3, 4])
@pytest.mark.parametrize("net", [plain, with_masks])
@pytest.mark.parametrize("optimizer", [SGD, Adam])
def test_several_learn_what_one_does(net, optimizer, size):
    expected = learn(net, optimizer)
    trainers = together(size, lambda ranks: learn(net, optimizer, ranks))
    for trainer in trainers:
        check_same(trainer, expected)
        np.testing.assert_array_equal(trainer.net.params["W1"], trainers[0].net.params["W1"])


def test_with_a_decay_of_weights():
    def decaying(seed):
        net = plain(seed)
        net.weight_decay_lambda = 0.1
        return net

    expected = learn(decaying)
    for trainer in together(3, lambda ranks: learn(decaying, SGD, ranks)):
        check_same(trainer, expected)


@pytest.mark.needs_values
@pytest.mark.needs_indices
def test_on_every_library(case: Case):
    def net(seed):
        return TwoLayerNet(
            36, 5, 3, backend=case.backend, dtype=case.dtype, seed=seed, weight_init_std=0.5
        )

    expected = learn(net, iterations=10)
    for trainer in together(2, lambda ranks: learn(net, SGD, ranks, iterations=10)):
        for name, p in trainer.net.params.items():
            case.check(p, case.numpy(expected.net.params[name]), rtol=1e-5, atol=1e-6)


def test_a_step_has_one_sum_and_an_epoch_four():
    def work(ranks):
        trainer = learn(plain, SGD, ranks, iterations=4)  # one epoch
        return trainer, ranks.calls

    for trainer, calls in together(2, work):
        assert len(trainer.history.epoch) == 1
        assert calls == 4 + 4  # two accuracies, whether to end, and the end


def test_running_statistics_are_means_by_the_number_of_samples():
    nets = []

    def work(ranks):
        trainer = Trainer(normalized(), SGD(0.1), 5, seed=0, communicator=ranks)
        nets.append(trainer.net)
        trainer.fit((X[:5], T[:5]), iterations=1)
        return trainer.net

    net = together(2, work)[0]
    order = np.random.Generator(np.random.PCG64(0)).permutation(5)
    values = X[order] @ np.asarray(normalized().params["W1"])
    first, second = values[:2], values[2:]
    wanted = 0.4 * first.mean(axis=0) + 0.6 * second.mean(axis=0)
    np.testing.assert_allclose(net.state_dict()["running_mean1"], 0.1 * wanted, rtol=1e-12)
    wanted = 0.4 * first.var(axis=0) + 0.6 * second.var(axis=0)
    np.testing.assert_allclose(net.state_dict()["running_var1"], 0.9 + 0.1 * wanted, rtol=1e-12)
    np.testing.assert_array_equal(*(each.state_dict()["running_mean1"] for each in nets))


def test_only_the_first_one_writes_checkpoints(tmp_path):
    def work(ranks):
        folder = tmp_path / str(ranks.rank)
        trainer = Trainer(plain(), SGD(0.1), 31, seed=0, communicator=ranks)
        trainer.fit((X, T), TEST, epochs=2, checkpoints=folder)

    together(2, work)
    assert [path.name for path in tmp_path.iterdir()] == ["0"]
    trainer = Trainer.resume(tmp_path / "0")
    assert len(trainer.history.loss) == 8


def test_a_checkpoint_goes_on_with_another_number(tmp_path):
    expected = learn(with_masks, Adam, iterations=20)
    together(3, lambda ranks: learn(with_masks, Adam, ranks, iterations=10).fit(
        (X, T), iterations=1, checkpoints=tmp_path / "run"
    ))  # fmt: skip

    def work(ranks):
        trainer = Trainer.resume(tmp_path / "run", communicator=ranks)
        trainer.fit((X, T), TEST, iterations=9)
        return trainer

    for trainer in together(2, work):
        for name, value in expected.net.state_dict().items():
            np.testing.assert_allclose(trainer.net.state_dict()[name], value, rtol=0, atol=1e-12)


def test_data_that_stay_where_they_are():
    class Rows:
        def __len__(self):
            return len(X)

        def __getitem__(self, numbers):
            return X[numbers]

    expected = learn(plain)
    for trainer in together(3, lambda ranks: learn(plain, SGD, ranks, data=(Rows(), T))):
        check_same(trainer, expected)


def test_masks_of_one_thread_are_its_own_again():
    trainer = together(2, lambda ranks: learn(with_masks, SGD, ranks, iterations=2))[1]
    assert trainer.net.layers["Dropout1"].rows is None


class Counted(Layer):
    """Keeps a count, a whole number, which is nobody's mean."""

    def __init__(self):
        super().__init__()
        self.state["count"] = np.zeros((), dtype=np.int64)

    def forward(self, x, training=False):
        if training:
            self.state["count"] = self.state["count"] + 1
        return x

    def backward(self, dout=1):
        return dout


def test_whole_numbers_are_left_alone():
    def net(seed):
        affine = Affine(np.random.default_rng(seed).standard_normal((36, 3)), np.zeros(3))
        return Network({"Counted": Counted(), "Affine1": affine}, SoftmaxWithLoss())

    for trainer in together(2, lambda ranks: learn(net, SGD, ranks, iterations=3)):
        assert int(trainer.net.state_dict()["count1"]) == 3


@pytest.mark.parametrize(
    ("ours", "others", "words"),
    [
        (((X, T), None, 1, None), ((X[1:], T[1:]), None, 1, None), ("95 samples", "94")),
        (((X, T), (X, T), 1, None), ((X, T), None, 1, None), ("95 test samples", "no")),
        (((X, T), None, 1, None), ((X, T), None, 2000, None), ("1 iterations", "2,000")),
        (((X, T), None, None, 6), ((X, T), None, None, 3), ("6 epochs", "3")),
    ],
)
def test_other_counts_on_one_are_said_there(ours, others, words):
    def work(ranks):
        trainer = Trainer(plain(), communicator=ranks)
        train, test, iterations, epochs = others if ranks.rank else ours
        fit = partial(trainer.fit, train, test, iterations=iterations, epochs=epochs)
        if ranks.rank == 0:  # waits for the other one
            with pytest.raises(threading.BrokenBarrierError):
                fit()
        else:
            fit()

    message = f"must train alike; process 0 has {words[0]}, and process 1 has {words[1]}$"
    with pytest.raises(ValueError, match=message):
        together(2, work)


def test_training_that_died_is_said_by_all():
    def work(ranks):
        poison = np.nan if ranks.rank else 1.0  # on one of them
        trainer = Trainer(plain(), communicator=ranks, augment=lambda x: x * poison)
        with pytest.raises(NotFiniteError, match="ended after 1 iterations: the loss is nan at it"):
            trainer.fit((X, T), iterations=1)
        return True

    assert together(2, work) == [True, True]


def test_scores_of_one_that_are_not_finite_are_said_by_all():
    class Half(Network):
        """Has no scores where an input is 1."""

        def accuracy(self, x, t, *args, **options):
            if (x == 1.0).any():
                raise NotFiniteError("scores must be finite; mine are not")
            return 0.5

    def work(ranks):
        x = X.copy()
        x[-1, 0] = 1.0
        own = plain()
        net = Half(own.layers, own.last_layer)
        words = "mine are not" if ranks.rank else "those of another process aren't"
        with pytest.raises(NotFiniteError, match=words):
            Trainer(net, communicator=ranks, seed=0).fit((x, T), iterations=1)
        trainer = Trainer(net, communicator=ranks, seed=0, on_nan="ignore")
        return trainer.fit((x, T), iterations=1).train_accuracy

    np.testing.assert_array_equal(together(2, work), [[np.nan], [np.nan]])


@pytest.mark.parametrize(("size", "count"), [(1, 5), (2, 5), (4, 2), (3, 0)])
def test_shares_are_all_there_is(size, count):
    shares = [share_of(Threads(rank, size, None), count) for rank in range(size)]
    assert [i for start, stop in shares for i in range(start, stop)] == list(range(count))
    lengths = [stop - start for start, stop in shares]
    assert max(lengths) - min(lengths) <= 1


def test_one_that_is_asked_to_end_ends_all():
    def asked(ranks):
        team = Ranks(ranks)
        team.begin(Trainer(plain(0), SGD(0.1)), {"samples": 31})
        return team.any(False), team.any(ranks.rank == 1), team.any(False)

    assert together(3, asked) == [(False, True, False)] * 3
