"""The book's convolutional networks from its files, which hold parameters and don't say of what."""

import os
from collections.abc import Mapping
from typing import Any

from backends import Backend, FloatDType
from backprop.networks import DeepConvNet, Network, SimpleConvNet
from backprop.storage.network import NETWORK, TRAINER
from backprop.storage.params import load_params

PICTURE = (1, 28, 28)
"""What these networks take: a digit of MNIST."""


def load_books_network(
    path: str | os.PathLike[str], *, backend: Backend, dtype: FloatDType | None = None
) -> Network | None:
    """Return the convolutional network of the book whose parameters a file holds, and no more.

    They say by their number which it is. Its dropout scales afterwards, as the book's does. None
    for a file of anything else, such as a checkpoint.

    Raises
    ------
    OSError
        When the file can't be read.
    ValueError
        When it is no file of parameters, or the parameters are others.
    """
    arrays, metadata = load_params(path)
    if NETWORK in metadata or TRAINER in metadata:
        return None
    return _of_params(arrays, backend, dtype or "float32")


def _of_params(arrays: Mapping[str, Any], backend: Backend, dtype: FloatDType) -> Network | None:
    weights = [arrays[f"W{k}"] for k in range(1, len(arrays) // 2 + 1) if f"W{k}" in arrays]
    kind = {3: SimpleConvNet, 8: DeepConvNet}.get(len(weights))
    if kind is None or weights[0].ndim != 4 or weights[-2].ndim != 2:
        return None
    net: Network = kind(PICTURE, hidden_size=weights[-2].shape[1], dtype=dtype, backend=backend)
    net.load_state_dict(arrays)
    return net
