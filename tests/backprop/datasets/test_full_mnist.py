"""All of MNIST, where `MNIST_DIR` names the folder with its four files."""

import os

import numpy as np
import pytest

from backprop import SGD, Trainer, TwoLayerNet, load_mnist

FOLDER = os.environ.get("MNIST_DIR")

pytestmark = pytest.mark.skipif(FOLDER is None, reason="MNIST_DIR is not set")


def test_it_has_the_shapes_and_counts_of_mnist():
    (x_train, t_train), (x_test, t_test) = load_mnist(normalize=False, path=FOLDER)
    assert x_train.shape == (60_000, 784)
    assert x_test.shape == (10_000, 784)
    assert np.bincount(t_train)[:3].tolist() == [5923, 6742, 5958]
    assert t_test.shape == (10_000,)


def test_the_network_learns_as_in_the_book():
    train, test = load_mnist(path=FOLDER)
    net = TwoLayerNet(784, 50, 10, backend="cpu", seed=0)
    history = Trainer(net, SGD(0.1), seed=0).fit(train, test, iterations=10_000)
    assert history.train_accuracy[-1] >= 0.975
    assert history.test_accuracy[-1] >= 0.968
