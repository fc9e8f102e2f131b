"""Neurons of a network, layer by layer, and what stands in them and on their connections."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from numbers import Integral
from typing import Any, Literal, TypeAlias

import numpy.typing as npt

from backends import Array
from backprop.networks import Network
from backprop.plotting.axes import on_host

MOST = 10  # neurons of a layer that are all shown; of more, the first three and the last

Drawable: TypeAlias = Network | Mapping[str, Array] | Sequence[int]
Params: TypeAlias = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class Circle:
    """A neuron, the 1 that biases come from, or dots; `index` is the neuron's in its layer."""

    kind: Literal["neuron", "bias", "dots"]
    text: str
    index: int = -1


@dataclass(frozen=True)
class Connection:
    """From a circle to a neuron of the next layer, by their places in their columns."""

    source: int
    target: int
    text: str


Text: TypeAlias = Callable[[int, Circle, Circle], str]
"""The number of a layer, counted from 1, a circle before it and a neuron of it -> their weight."""


def layers_of(network: Drawable) -> tuple[Params, list[int]]:
    """Return the parameters of a network, if there are any, and the sizes of its layers."""
    if not isinstance(network, Network | Mapping):
        sizes = list(network)
        if len(sizes) < 2 or not all(isinstance(n, Integral) and n > 0 for n in sizes):
            raise ValueError(f"`network` must have 2 or more layers of neurons; got {sizes}")
        return {}, sizes
    given = network.params if isinstance(network, Network) else network
    params = {name: on_host(x) for name, x in given.items()}
    count = next(k for k in range(len(params) + 1) if f"W{k + 1}" not in params)
    matrices = [params[f"W{k + 1}"].shape for k in range(count)]
    if not matrices or any(len(shape) != 2 for shape in matrices):
        raise ValueError(f"`network` must have weights W1, ... of shape (D, M); got {matrices}")
    if any(left[1] != right[0] for left, right in pairwise(matrices)):
        raise ValueError(f"weights must fit together; got shapes {matrices}")
    return params, [matrices[0][0], *(shape[1] for shape in matrices)]


def circles_of(
    sizes: Sequence[int], names: Sequence[Sequence[str]] | None, biases: bool
) -> list[list[Circle]]:
    """Return the circles of each layer, from the top."""
    if names is not None and [len(layer) for layer in names] != list(sizes):
        got = [len(layer) for layer in names]
        raise ValueError(f"`names` must be as many as the neurons, {list(sizes)}; got {got}")
    last = len(sizes) - 1
    return [
        _column(size, names[k] if names else _letters(k, size, last), biases and k < last)
        for k, size in enumerate(sizes)
    ]


def _column(size: int, texts: Sequence[str], bias: bool) -> list[Circle]:
    circles = [Circle("neuron", text, i) for i, text in enumerate(texts)]
    if size > MOST:
        circles[3:-1] = [Circle("dots", "⋮")]
    return [Circle("bias", "1"), *circles] if bias else circles


def _letters(k: int, size: int, last: int) -> list[str]:
    letter = "x" if k == 0 else "y" if k == last else "z"
    layer = f"^{{({k})}}" if letter == "z" else ""
    return [f"${letter}_{{{i}}}{layer}$" for i in range(1, size + 1)]


def text_of(weights: str | None, params: Params, biases: bool) -> Text:
    """Return what writes the weight of a connection."""
    if weights is None:
        return lambda *_: ""
    if weights == "names":
        return _name
    if weights != "values":
        raise ValueError(f'`weights` must be None, "names" or "values"; got {weights!r}')
    if not params or (biases and "b1" not in params):
        missing = "b1" if params else "W1"
        raise ValueError(f"values need the network's parameters; there is no {missing}")
    return lambda k, source, target: _value(params, k, source, target)


def connections_of(
    k: int, left: Sequence[Circle], right: Sequence[Circle], text: Text
) -> list[Connection]:
    """Return what leads to layer `k`, `right`: from each circle but the dots to each neuron."""
    return [
        Connection(i, j, text(k, source, target))
        for i, source in enumerate(left)
        for j, target in enumerate(right)
        if source.kind != "dots" and target.kind == "neuron"
    ]


def _name(k: int, source: Circle, target: Circle) -> str:
    j, i = target.index + 1, source.index + 1
    indices = f"{j}" if source.kind == "bias" else f"{j}{i}" if max(i, j) < 10 else f"{j},{i}"
    letter = "b" if source.kind == "bias" else "w"
    return f"${letter}_{{{indices}}}^{{({k})}}$"


def _value(params: Params, k: int, source: Circle, target: Circle) -> str:
    if source.kind == "bias":
        return f"{params[f'b{k}'][target.index]:.3g}"
    return f"{params[f'W{k}'][source.index, target.index]:.3g}"
