"""The network that tells digits from other signs, put to digits and to what is made of them."""

import numpy as np
import pytest
from PIL import Image

from backprop import load_mnist_sample, load_network
from backprop.datasets import load_picture
from backprop.datasets.digit_check import FILE, doubt

PICTURES, LABELS = load_mnist_sample(normalize=False, flatten=False)[1]


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """200 digits as `load_picture` gives them."""
    path = tmp_path_factory.mktemp("digits") / "p.png"
    found = []
    for picture in PICTURES[:200, 0]:
        Image.fromarray(picture).save(path)
        found.append(load_picture(path, normalize=False, flatten=False)[0])
    return np.stack(found)


few_are_unlike = pytest.mark.filterwarnings("ignore:.* may show no digit:UserWarning")


def doubted(pictures):
    return np.mean([doubt(picture) > 0.5 for picture in pictures])


@few_are_unlike
def test_digits_pass(digits):
    assert doubted(digits) < 0.03


@few_are_unlike
@pytest.mark.parametrize(
    ("values", "changed"),
    [
        ([2, 3, 4, 5, 7], lambda x: x[:, ::-1]),
        ([2, 3, 4, 5, 7], np.rot90),
        ([2, 4, 7], lambda x: x[::-1]),
    ],
    ids=["mirrored", "turned", "upside-down"],
)
def test_digits_that_are_turned_do_not(digits, values, changed):
    found = digits[np.isin(LABELS[:200], values)]
    assert len(found) > 50
    assert doubted(map(changed, found)) > 0.9


def test_it_is_a_probability_of_the_network_that_is_shipped():
    x = PICTURES[0, 0]
    scores = load_network(FILE, backend="cpu").probabilities(x[np.newaxis, np.newaxis] / 255)
    assert scores.shape == (1, 11)
    assert doubt(x) == pytest.approx(float(scores[0, 10]), rel=1e-4)
    assert 0 < doubt(x) < 1e-2
    assert scores[0].argmax() == LABELS[0]
