"""What the tests of several processes run under mpiexec: `python -m tests.mpi.programs NAME FOLDER`."""

import os
import sys
from pathlib import Path

import numpy as np

from backprop import (
    SGD,
    Adam,
    Affine,
    Augment,
    BatchNormalization,
    Dropout,
    Network,
    Relu,
    SoftmaxWithLoss,
    Trainer,
    TwoLayerNet,
    save_params,
)
from backprop.parallel import world

RNG = np.random.default_rng(0)
X = RNG.random((95, 36))
T = X[:, :3].argmax(axis=1)


def plain(seed=3):
    return TwoLayerNet(36, 5, 3, backend="cpu", dtype="float64", seed=seed, weight_init_std=0.5)


def moves():
    ranks = world()
    return Augment(1, 5.0, seed=0 if ranks is None else ranks.rank, size=(6, 6))


def with_masks(seed=3):
    rng = np.random.default_rng(seed)
    layers = {
        "Affine1": Affine(rng.standard_normal((36, 8)) * 0.3, np.zeros(8)),
        "Relu1": Relu(),
        "Dropout1": Dropout(0.3, seed=seed),
        "Affine2": Affine(rng.standard_normal((8, 3)) * 0.3, np.zeros(3)),
    }
    return Network(layers, SoftmaxWithLoss())


def normalized(seed=3):
    rng = np.random.default_rng(seed)
    layers = {
        "Affine1": Affine(rng.standard_normal((36, 8)) * 0.3, np.zeros(8)),
        "BatchNormalization1": BatchNormalization(np.ones(8), np.zeros(8)),
        "Relu1": Relu(),
        "Affine2": Affine(rng.standard_normal((8, 3)) * 0.3, np.zeros(3)),
    }
    return Network(layers, SoftmaxWithLoss())


def steps(folder, net, optimizer, **options):
    """Take 200 steps of 31 samples, of 95: the last batch of an epoch has 2."""
    ranks = world()
    rank = 0 if ranks is None else ranks.rank
    trainer = Trainer(net(3 + rank), optimizer, 31, seed=rank, communicator=ranks, **options)
    history = trainer.fit((X, T), (X[:11], T[:11]), iterations=200)
    numbers = {
        "loss": np.array(history.loss),
        "accuracy": np.array(history.train_accuracy + history.test_accuracy),
    }
    save_params(folder / f"{rank}.safetensors", {**trainer.net.state_dict(), **numbers})


def failing(folder, fail):
    ranks, seen = world(), []

    def augment(x):
        seen.append(1)
        if ranks.rank == 1 and len(seen) > 7:
            fail()
        return x

    trainer = Trainer(plain(), SGD(0.1), 31, seed=0, communicator=ranks, augment=augment)
    trainer.fit((X, T), iterations=100_000, checkpoints=folder)


def raising(folder):
    """Fail on one process, which the others wait for."""

    def fail():
        raise ArithmeticError("rank 1 can't go on")

    failing(folder, fail)


def killed(folder):
    """Be killed on one process."""
    failing(folder, lambda: os.kill(os.getpid(), 9))


def recovered(folder):
    """Go on after one process has failed, to 200 steps."""
    resumed(folder, lambda x: x)


def resumed(folder, augment=None):
    """Go on from a checkpoint, to 200 steps."""
    trainer = Trainer.resume(folder, communicator=world(), augment=augment)
    trainer.fit((X, T), iterations=200 - len(trainer.history.loss), checkpoints=folder)


def half(folder):
    """Take 100 steps."""
    Trainer(with_masks(), Adam(0.01), 31, seed=0, communicator=world()).fit(
        (X, T), iterations=100, checkpoints=folder
    )


def whole(folder):
    """Take 200 steps at once."""
    Trainer(with_masks(), Adam(0.01), 31, seed=0, communicator=world()).fit(
        (X, T), iterations=200, checkpoints=folder
    )


def asked(folder):
    """End when one process is asked to."""
    ranks = world()
    trainer = Trainer(plain(3 + ranks.rank), SGD(0.1), 31, seed=0, communicator=ranks)
    count = []

    def stop():
        count.append(1)
        return ranks.rank == 1 and len(count) == 7

    trainer.fit((X, T), iterations=1000, stop=stop)
    (folder / str(ranks.rank)).write_text(
        f"{len(trainer.history.loss)} {sorted(trainer.net.params['W1'][0])}"
    )


def others_data(folder):
    """Have other data on one process than on the others."""
    ranks = world()
    rows = slice(ranks.rank, None)
    Trainer(plain(), communicator=ranks).fit((X[rows], T[rows]), iterations=1)


PROGRAMS = {
    "sgd": lambda folder: steps(folder, plain, SGD(0.5)),
    "adam": lambda folder: steps(folder, plain, Adam(0.01)),
    "masks": lambda folder: steps(folder, with_masks, SGD(0.1), augment=moves()),
    "normalized": lambda folder: steps(folder, normalized, SGD(0.1)),
    **{
        f.__name__: f
        for f in (raising, killed, recovered, resumed, half, whole, asked, others_data)
    },
}

if __name__ == "__main__":
    PROGRAMS[sys.argv[1]](Path(sys.argv[2]))
