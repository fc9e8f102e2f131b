"""A table of a network's layers."""

from typing import Any, NamedTuple

import backends
from backprop.arguments import wholes
from backprop.arrays import shape
from backprop.networks.network import Network
from backprop.networks.summary import entries


class Row(NamedTuple):
    """A layer in a table: its name, its kind, the shape of a sample's output, its parameters."""

    name: str
    kind: str
    output: tuple[int, ...]
    parameters: int


class Summary(NamedTuple):
    """A table of layers; as a text it is drawn.

    Attributes
    ----------
    rows : tuple of Row
        A layer each, in order.
    """

    rows: tuple[Row, ...]

    @property
    def parameters(self) -> int:
        """How many numbers the network learns."""
        return sum(row.parameters for row in self.rows)

    def __str__(self) -> str:
        cells = [
            (r.name, r.kind, " x ".join(map(str, r.output)), f"{r.parameters:,}") for r in self.rows
        ]
        head = ("layer", "kind", "output", "parameters")
        foot = ("", "", "", f"{self.parameters:,}")
        widths = [max(map(len, column)) for column in zip(head, *cells, foot, strict=True)]
        lines = [
            "  ".join(
                cell.rjust(w) if i == 3 else cell.ljust(w)
                for i, (cell, w) in enumerate(zip(row, widths, strict=True))
            )
            for row in (head, *cells, foot)
        ]
        rule = "-" * len(lines[0])
        return "\n".join([lines[0], rule, *lines[1:-1], rule, lines[-1]])


def summary(net: Network, input_shape: tuple[int, ...]) -> Summary:
    """Return a table of a network's layers: shapes of their outputs, numbers of their parameters.

    Parameters
    ----------
    net : Network
        Is not changed: a copy is run on one sample of zeros.
    input_shape : tuple of int
        The shape of a sample: (784,), or (1, 28, 28).

    Raises
    ------
    TypeError
        When `input_shape` is no sequence of whole numbers.
    ValueError
        When samples of such a shape don't fit.

    Examples
    --------
    >>> from backprop import TwoLayerNet
    >>> print(summary(TwoLayerNet(784, 50, 10, backend="cpu"), (784,)))
    layer    kind    output  parameters
    -----------------------------------
    Affine1  Affine  50          39,250
    Relu1    Relu    50               0
    Affine2  Affine  10             510
    -----------------------------------
                                 39,760
    """
    input_shape = wholes("input_shape", input_shape)
    copy = net.to()
    backend = copy.backend or backends.host()
    x: Any = backend.xp.zeros(
        (1, *input_shape), dtype=copy.dtype or backend.widest, device=backend.device
    )
    rows = []
    for name, layer in copy.layers.items():
        x = layer.forward(x)
        size = entries((getattr(layer, "params", None) or {}).values())
        rows.append(Row(name, type(layer).__name__, shape(x)[1:], size))
    return Summary(tuple(rows))
