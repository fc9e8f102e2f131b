"""The book's convolutional networks from its files, which hold parameters and don't say of what."""

from collections.abc import Mapping
from typing import Any

from backends import Backend, FloatDType
from backprop.networks import DeepConvNet, Network, SimpleConvNet

PICTURE = (1, 28, 28)
"""What these networks take: a digit of MNIST."""


def books_network(
    arrays: Mapping[str, Any], backend: Backend, dtype: FloatDType | None
) -> Network | None:
    """Return the convolutional network of the book that has such parameters; None for others.

    They say by their number which it is. Its dropout scales afterwards, as the book's does.

    Raises
    ------
    ValueError
        When there are as many, but of other shapes.
    """
    weights = [arrays[f"W{k}"] for k in range(1, len(arrays) // 2 + 1) if f"W{k}" in arrays]
    kind = {3: SimpleConvNet, 8: DeepConvNet}.get(len(weights))
    if kind is None or weights[0].ndim != 4 or weights[-2].ndim != 2:
        return None
    hidden = weights[-2].shape[1]
    net: Network = kind(PICTURE, hidden_size=hidden, dtype=dtype or "float32", backend=backend)
    net.load_state_dict(arrays)
    return net
