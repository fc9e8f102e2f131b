"""New networks for the digits of MNIST, with one hidden layer or several."""

import math
from itertools import pairwise

from backends import Backend, FloatDType
from backprop import Network, TwoLayerNet
from backprop.layers.activation import ActivationName

INPUTS, CLASSES = 784, 10


def widths(hidden: str) -> tuple[int, ...]:
    """Return the widths of the hidden layers: `50`, or `100,50` from the input on.

    Raises
    ------
    ValueError
        When they are not whole numbers of at least 1.
    """
    parts = [part.strip() for part in hidden.split(",")]
    if not all(part.isascii() and part.isdigit() and int(part) >= 1 for part in parts):
        raise ValueError(
            f"--hidden must be a width of at least 1, or several such as 100,50; got {hidden!r}"
        )
    return tuple(int(part) for part in parts)


def digit_network(
    hidden: tuple[int, ...],
    activation: ActivationName,
    dtype: FloatDType,
    backend: Backend,
    seed: int,
) -> Network:
    """Return a network of Affine layers: the book's if there is one hidden layer.

    The weights of deeper ones are drawn with a standard deviation of √(2 / inputs) before Relu and
    √(1 / inputs) before others, with which signals keep their size (section 6.2).

    Raises
    ------
    ValueError
        When it doesn't fit in memory.
    """
    try:
        if len(hidden) == 1:
            return TwoLayerNet(
                INPUTS,
                hidden[0],
                CLASSES,
                activation=activation,
                dtype=dtype,
                backend=backend,
                seed=seed,
            )
        rng, params = backend.rng(seed), {}
        sizes = (INPUTS, *hidden, CLASSES)
        gain = 2.0 if activation == "relu" else 1.0
        for k, (d, m) in enumerate(pairwise(sizes), 1):
            params[f"W{k}"] = math.sqrt(gain / d) * rng.standard_normal((d, m))
            params[f"b{k}"] = 0.0 * rng.standard_normal(m)
        return Network.from_params(params, activation, dtype=dtype, backend=backend)
    except (MemoryError, OverflowError, ValueError) as error:
        sizes = (INPUTS, *hidden, CLASSES)
        count = sum(d * m for d, m in pairwise(sizes))
        if count < 10_000_000:
            raise
        raise ValueError(
            f"--hidden must fit in memory; got {','.join(map(str, hidden))}, which is "
            f"{count:.1e} weights"
        ) from error
