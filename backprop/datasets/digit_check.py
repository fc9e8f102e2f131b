"""Whether a picture like MNIST's shows a digit, as a small network that has seen others tells."""

import functools
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from backends import select
from backprop.networks import Network
from backprop.storage import load_network

FILE = Path(__file__).with_suffix(".safetensors")
"""The network, which `scripts/train_digit_check.py` trains."""
NO_DIGIT = 10
"""The class of all that is none of the ten digits."""


def doubt(x: npt.NDArray[Any]) -> float:
    """Return the probability that a picture shows no digit.

    Parameters
    ----------
    x : numpy.ndarray, shape (28, 28)
        Pixels from 0 to 255.
    """
    scores = _network().probabilities(x[np.newaxis, np.newaxis] / np.float32(255))
    return float(scores[0, NO_DIGIT])


@functools.cache
def _network() -> Network:
    return load_network(FILE, backend=select("cpu", "numpy"))
