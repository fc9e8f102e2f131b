"""The layers behind a perturbed one, and the values of one pass through all of them."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from backends import Array, namespace
from backprop import labels
from backprop.layers.affine import Affine
from backprop.layers.convolution import Convolution
from backprop.layers.dropout import Dropout
from backprop.layers.elementwise import is_elementwise
from backprop.layers.flatten import Flatten
from backprop.layers.layer import keeps
from backprop.layers.loss import LossLayer
from backprop.layers.pooling import Pooling


def is_affine(layer: Any) -> bool:
    """Tell whether a layer computes as `Affine` does."""
    return keeps(layer, Affine, "forward")


def is_convolution(layer: Any) -> bool:
    """Tell whether a layer computes as `Convolution` does."""
    return keeps(layer, Convolution, "forward")


def joins_channels(layer: Any) -> bool:
    """Tell whether channels of a picture meet in a layer: each output comes of all of them."""
    return is_affine(layer) or is_convolution(layer)


class Tail:
    """Layers that take each sample on its own, and a loss of the library's, after one pass.

    Parameters
    ----------
    layers : sequence of layer
        From the input to the scores, any layers; those at the end that are known count.
    modes : sequence of dict
        What `forward` of each layer is told beside its input.
    last : LossLayer
        The loss.
    x, t : array
        Inputs, in the dtype of the parameters, and labels.

    Attributes
    ----------
    inputs : list of array
        What goes into each layer, and the scores.
    factors : list of array, number or None
        What each Dropout multiplies its input by; None for other layers.
    targets, losses : array, shape (N, C) and (N,)
        Labels as rows, and the loss of each sample.
    """

    def __init__(
        self,
        layers: Sequence[Any],
        modes: Sequence[Mapping[str, bool]],
        last: LossLayer,
        x: Array,
        t: Array,
    ) -> None:
        self.layers = layers
        self.last = last
        self.inputs = []
        self.factors: list[Any] = []
        self._known: list[bool | None] = [None] * len(layers)
        for layer, mode in zip(layers, modes, strict=True):
            self.inputs.append(x)
            x = layer.forward(x, **mode)
            self.factors.append(layer.cache[0] if keeps(layer, Dropout, "forward") else None)
        scores = labels.batched(x)
        self.inputs.append(scores)
        self.targets = labels.targets(t, scores)
        self.losses = last.sample_losses(scores, self.targets)

    def of_affine(self, layer: Any) -> int | None:
        """Return where an Affine layer stands, if all layers from there on are known; else None."""
        where = self._place(layer)
        return where if is_affine(layer) and self._all_known(where) else None

    def of_convolution(self, layer: Any) -> int | None:
        """Return where a Convolution stands, if all from there on are known; else None.

        Another one, or an Affine layer, must come later, where its channels meet.
        """
        where = self._place(layer)
        meets = any(map(joins_channels, self.layers[where + 1 :]))
        return where if is_convolution(layer) and meets and self._all_known(where) else None

    def _place(self, layer: Any) -> int:
        return next(i for i, other in enumerate(self.layers) if other is layer)

    def _all_known(self, where: int) -> bool:
        return all(map(self._is_known, range(where, len(self.layers))))

    def _is_known(self, i: int) -> bool:
        if self._known[i] is None:
            layer = self.layers[i]
            self._known[i] = (
                joins_channels(layer)
                or self.factors[i] is not None
                or any(keeps(layer, kind, "forward") for kind in (Pooling, Flatten))
                or (
                    is_elementwise(layer)
                    and _keeps_to_the_entry(layer, self.inputs[i], self.inputs[i + 1])
                )
            )
        return bool(self._known[i])


def _keeps_to_the_entry(layer: Any, x: Array, y: Array) -> bool:
    """Tell whether a layer gives an entry the same value in any place: no weight for each feature.

    Asked of the entries in one row, in reverse and then again, as wide as no weights could be.
    """
    if y.shape != x.shape or math.prod(x.shape) == 0:
        return False
    xp = namespace(x)
    ahead, expected = (xp.reshape(each, (-1,)) for each in (x, y))
    order = [xp.flip(ahead), ahead, ahead[:1]]
    try:
        found = layer.forward(xp.concat(order))
    except Exception:  # any error says that the layer wants another shape
        return False
    expected = xp.concat([xp.flip(expected), expected, expected[:1]])
    if getattr(found, "shape", None) != expected.shape:
        return False
    near = xp.finfo(y.dtype).eps ** 0.5 * xp.abs(expected)
    return bool(xp.all(xp.abs(found - expected) <= near))
