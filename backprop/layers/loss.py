"""Output layers joined with their loss, so that the derivative is y - t (section 5.6.3).

All three work from scores (logits), in log space: no `log(y + eps)` and no overflow. The loss is
the mean over the N samples of a sum over the C outputs, as a 0-d array on the device.
"""

import math
import numbers
from typing import Any

from backends import Array, namespace
from backprop import functions, labels
from backprop.arrays import float_bits, floating_array, row_sums, shape, zero_like
from backprop.layers.layer import Layer, keeps


class LossLayer(Layer):
    """Base of the loss layers: their shapes, and a backward pass of (y - t) / N."""

    _most_target: float | None = None
    """The largest that a target may be where none may be negative; None where any number may be."""

    def forward(self, x: Array, t: Array) -> Array:
        """Return the mean loss over the batch.

        Parameters
        ----------
        x : array, floating, shape (N, C), or (C,) for one sample
            Scores.
        t : array, shape (N,) or (N, 1) or (N, C), or () or (C,) for one sample
            Labels: integer class numbers, or one-hot or soft rows; with C = 1 the targets.

        Returns
        -------
        array, shape ()

        Raises
        ------
        TypeError
            When class numbers are not integers.
        ValueError
            When shapes don't fit; on host arrays also when a label is out of range.
        """
        self.prepare(x, t)
        kept, targets, *_ = self.cache
        xp = namespace(targets)
        if float_bits(xp, targets.dtype) < 32:  # a sum over a batch may overflow
            return xp.mean(self._losses(kept, targets, axis=-1))
        return self._losses(kept, targets, axis=None) / targets.shape[0]

    def prepare(self, x: Array, t: Array) -> None:
        """Keep what `backward` needs, as `forward` does, but compute no loss.

        Raises
        ------
        TypeError, ValueError
            As `forward` does.
        """
        x = floating_array(x)
        scores = labels.batched(x)
        targets, one_hot = labels.target_rows(t, scores)
        self.cache = self._kept(scores), targets, one_hot, x.shape

    def check_labels(self, t: Array, y_shape: tuple[int, ...]) -> None:
        """Raise an error unless `t` fits outputs of shape (N, C); waits for the device.

        Raises
        ------
        TypeError
            When class numbers are not integers.
        ValueError
            When the shape does not fit, or a label is out of range, on any device.
        """
        if labels.are_classes(t, y_shape):
            labels.check_range(t, y_shape[1])
        elif self._most_target is not None:
            labels.check_targets(t, self._most_target)

    def check_outputs(self, count: int) -> None:
        """Raise a ValueError when this is no loss of so many outputs; of most layers it always is.

        A network asks before it tells classes or probabilities.
        """

    def sample_losses(self, x: Array, t: Array) -> Array:
        """Return the loss of each sample, shape (...), for scores (..., C) and targets (..., C)."""
        return self._losses(self._kept(x), t, axis=-1)

    def backward(self, dout: Any = 1) -> Array:
        """Return dx = dout (y - t) / N, in the shape of `x`; `dout` is a number or 0-d array."""
        kept, t, one_hot, x_shape = self.recall()
        if getattr(dout, "shape", ()) != ():
            raise ValueError(
                f"`dout` must be a number, as the loss is one; got shape {shape(dout)}"
            )
        number = isinstance(dout, numbers.Real)
        dout = float(dout) if number else namespace(t, dout).astype(dout, t.dtype)
        dx = self._difference(kept, t, one_hot)
        dx *= dout / t.shape[0]
        return dx if dx.shape == x_shape else namespace(dx).reshape(dx, x_shape)

    def _kept(self, x: Array) -> Any:
        """Return what the loss and its derivative both need of the scores: these, if not more."""
        return x

    def _losses(self, kept: Any, t: Array, axis: int | None) -> Array:
        """Return the loss summed over `axis`, all axes if None."""
        raise NotImplementedError

    def _difference(self, kept: Any, t: Array, one_hot: bool) -> Array:
        """Return y - t, a fresh array: the derivative of each sample's loss by its scores.

        `one_hot` tells that the rows of `t` are known to sum to one.
        """
        raise NotImplementedError


class SoftmaxWithLoss(LossLayer):
    """Softmax and cross-entropy: -Σ t log softmax(x), for one class out of C (section 5.6.3).

    Soft labels need not sum to one: the derivative is y Σt - t.
    """

    _most_target = math.inf

    def check_outputs(self, count: int) -> None:
        """Raise a ValueError when there is one output only."""
        if count == 1:
            raise ValueError(
                "SoftmaxWithLoss must have 2 or more outputs, as the softmax of one is 1 always; "
                "got 1: SigmoidWithLoss takes one of yes or no, IdentityWithLoss a value"
            )

    def _kept(self, x: Array) -> Any:
        self.check_outputs(x.shape[-1])
        xp = namespace(x)
        shifted = x - xp.max(x, axis=-1, keepdims=True)
        exp = xp.exp(shifted)
        return shifted, exp, row_sums(exp)

    def _losses(self, kept: Any, t: Array, axis: int | None) -> Array:
        shifted, _, total = kept
        xp = namespace(t)
        wanted = xp.where(t == 0, 0.0, shifted)  # a score of -inf, masked, is not asked for
        surprise = xp.log(total) - wanted
        if axis is not None:
            return xp.sum(t * surprise, axis=axis)
        return xp.reshape(t, (-1,)) @ xp.reshape(surprise, (-1,))

    def probabilities(self, x: Array) -> Array:
        """Return the softmax of scores, in their shape."""
        self.check_outputs(x.shape[-1])
        return functions.softmax(x)

    def _difference(self, kept: Any, t: Array, one_hot: bool) -> Array:
        _, exp, total = kept
        return (exp if one_hot else exp * row_sums(t)) / total - t


class SigmoidWithLoss(LossLayer):
    """Sigmoid and binary cross-entropy, for each of the C outputs on its own.

    The loss is -Σ (t log y + (1 - t) log(1 - y)), with y = sigmoid(x).
    """

    _most_target = 1.0

    def _losses(self, kept: Any, t: Array, axis: int | None) -> Array:
        xp, x = namespace(kept), kept
        losses = xp.maximum(x, zero_like(x)) - x * t + xp.log1p(xp.exp(-xp.abs(x)))
        return xp.sum(losses, axis=axis)

    def probabilities(self, x: Array) -> Array:
        """Return the sigmoid of scores, in their shape: the probability of each yes."""
        return functions.sigmoid(x)

    def _difference(self, kept: Any, t: Array, one_hot: bool) -> Array:
        return functions.sigmoid(kept) - t


class IdentityWithLoss(LossLayer):
    """Identity and half the squared error, ½ Σ (x - t)²: regression."""

    def _losses(self, kept: Any, t: Array, axis: int | None) -> Array:
        difference = kept - t
        return 0.5 * namespace(t).sum(difference * difference, axis=axis)

    def _difference(self, kept: Any, t: Array, one_hot: bool) -> Array:
        return kept - t


def is_known_loss(layer: Any) -> bool:
    """Tell whether a loss is what the library's own `forward` makes of the losses of samples."""
    return isinstance(layer, LossLayer) and keeps(
        layer, LossLayer, "forward", "prepare", "sample_losses"
    )
