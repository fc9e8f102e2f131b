"""New networks for the digits of MNIST: the book's, by the names that `--net` takes."""

from itertools import pairwise
from typing import Any, Literal, TypeAlias, get_args

from backends import Backend, FloatDType
from backprop import DeepConvNet, MultiLayerNet, Network, SimpleConvNet, TwoLayerNet
from backprop.layers.activation import ActivationName
from backprop.storage.books import PICTURE

INPUTS, CLASSES = 784, 10

NetName: TypeAlias = Literal["two-layer", "multi-layer", "simple-conv", "deep-conv"]
NETS: tuple[str, ...] = get_args(NetName)
CONVOLUTIONAL = ("simple-conv", "deep-conv")
HIDDEN: dict[str, tuple[int, ...]] = {
    "two-layer": (50,),
    "multi-layer": (100, 100),
    "simple-conv": (100,),
    "deep-conv": (50,),
}
"""The widths of the hidden layers where nothing is said, the book's where it has such a network."""


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


def chosen(
    net: NetName | None, hidden: str | None, activation: ActivationName | None
) -> tuple[NetName, tuple[int, ...], ActivationName]:
    """Return network, widths and activation, where some are not said.

    Raises
    ------
    ValueError
        When two of them contradict each other.
    """
    wide = None if hidden is None else widths(hidden)
    if net is None:
        net = "multi-layer" if wide is not None and len(wide) > 1 else "two-layer"
    if net != "multi-layer" and wide is not None and len(wide) > 1:
        raise ValueError(f"--hidden must be one width with --net {net}; got {hidden}")
    if net in CONVOLUTIONAL and activation not in (None, "relu"):
        raise ValueError(f"--activation must be relu with --net {net}; got {activation}")
    return net, wide or HIDDEN[net], activation or "relu"


def sample_shape(net: Network) -> tuple[int, ...]:
    """Return the shape in which a network takes a digit: a picture where it convolves, or a row."""
    first = next(iter(net.params.values()), None)
    return PICTURE if first is not None and first.ndim == 4 else (INPUTS,)


def digit_network(
    net: NetName,
    hidden: tuple[int, ...],
    activation: ActivationName,
    dtype: FloatDType,
    backend: Backend,
    seed: int,
) -> Network:
    """Return a network of the book.

    The weights of many layers are drawn with a standard deviation of √(2 / inputs) before Relu and
    √(1 / inputs) before others, with which signals keep their size (section 6.2).

    Raises
    ------
    ValueError
        When it doesn't fit in memory.
    """
    place: dict[str, Any] = {"dtype": dtype, "backend": backend, "seed": seed}
    try:
        if net == "two-layer":
            return TwoLayerNet(INPUTS, hidden[0], CLASSES, activation=activation, **place)
        if net == "multi-layer":
            return MultiLayerNet(INPUTS, hidden, CLASSES, activation, activation, **place)
        if net == "simple-conv":
            return SimpleConvNet(PICTURE, hidden_size=hidden[0], **place)
        return DeepConvNet(PICTURE, hidden_size=hidden[0], inverted=True, **place)
    except (MemoryError, OverflowError, ValueError) as error:
        count = sum(d * m for d, m in pairwise((INPUTS, *hidden, CLASSES)))
        if count < 10_000_000:
            raise
        raise ValueError(
            f"--hidden must fit in memory; got {','.join(map(str, hidden))}, which is "
            f"{count:.1e} weights"
        ) from error
