"""The network that tells digits from other signs, put to digits and to what is made of them."""

import numpy as np
import pytest

from backprop import load_mnist_sample, load_network
from backprop.datasets.digit_check import FILE, doubt

PICTURES, LABELS = load_mnist_sample(normalize=False, flatten=False)[1]


def doubted(pictures):
    return np.mean([doubt(picture) > 0.5 for picture in pictures])


def test_digits_pass():
    assert doubted(PICTURES[:500, 0]) < 0.03


@pytest.mark.parametrize(
    ("digits", "changed"),
    [
        ([2, 3, 4, 5, 7], lambda x: x[:, ::-1]),
        ([2, 3, 4, 5, 7], np.rot90),
        ([2, 4, 7], lambda x: x[::-1]),
    ],
    ids=["mirrored", "turned", "upside-down"],
)
def test_digits_that_are_turned_do_not(digits, changed):
    found = PICTURES[np.isin(LABELS, digits), 0][:200]
    assert doubted(map(changed, found)) > 0.9


def test_it_is_a_probability_of_the_network_that_is_shipped():
    x = PICTURES[0, 0]
    scores = load_network(FILE, backend="cpu").probabilities(x[np.newaxis, np.newaxis] / 255)
    assert scores.shape == (1, 11)
    assert doubt(x) == pytest.approx(float(scores[0, 10]), rel=1e-4)
    assert 0 < doubt(x) < 1e-2
    assert scores[0].argmax() == LABELS[0]
