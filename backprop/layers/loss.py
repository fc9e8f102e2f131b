"""Output layers joined with their loss, so that the derivative is y - t (section 5.6.3).

All three work from scores (logits), in log space: no `log(y + eps)` and no overflow. The loss is
the mean over the N samples of a sum over the C outputs, as a 0-d array on the device.
"""

from typing import Any

from backends import Array, namespace
from backprop import functions, labels
from backprop.arrays import as_floating, shape
from backprop.layers.layer import Layer


class LossLayer(Layer):
    """What the loss layers share: their shapes, and a backward pass of (y - t) / N."""

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
        x = as_floating(x)
        scores = labels.batched(x)
        targets = labels.targets(t, scores)
        loss, y = self._loss(scores, targets)
        self._cache = y, targets, x.shape
        return loss / scores.shape[0]

    def _loss(self, x: Array, t: Array) -> tuple[Array, Array]:
        """Return the loss summed over the batch, and the output y."""
        raise NotImplementedError

    def backward(self, dout: Any = 1) -> Array:
        """Return dx = dout (y - t) / N, in the shape of `x`; `dout` is a number or 0-d array."""
        y, t, x_shape = self._recall()
        if getattr(dout, "shape", ()) != ():
            raise ValueError(
                f"`dout` must be a number, as the loss is one; got shape {shape(dout)}"
            )
        xp = namespace(y)
        dout = float(dout) if isinstance(dout, int | float) else xp.astype(dout, y.dtype)
        dx = self._difference(y, t)
        dx *= dout / y.shape[0]
        return dx if dx.shape == x_shape else xp.reshape(dx, x_shape)

    def _difference(self, y: Array, t: Array) -> Array:
        return y - t


class SoftmaxWithLoss(LossLayer):
    """Softmax and cross-entropy: -Σ t log softmax(x), for one class out of C (section 5.6.3)."""

    def _loss(self, x: Array, t: Array) -> tuple[Array, Array]:
        xp = namespace(x)
        shifted = x - xp.max(x, axis=1, keepdims=True)
        exp = xp.exp(shifted)
        total = xp.sum(exp, axis=1, keepdims=True)
        return xp.sum(t * (xp.log(total) - shifted)), exp / total

    def _difference(self, y: Array, t: Array) -> Array:
        """Return y Σt - t: soft labels need not sum to one."""
        return y * namespace(t).sum(t, axis=1, keepdims=True) - t


class SigmoidWithLoss(LossLayer):
    """Sigmoid and binary cross-entropy, for each of the C outputs on its own.

    The loss is -Σ (t log y + (1 - t) log(1 - y)), with y = sigmoid(x).
    """

    def _loss(self, x: Array, t: Array) -> tuple[Array, Array]:
        xp = namespace(x)
        losses = xp.maximum(x, 0.0) - x * t + xp.log1p(xp.exp(-xp.abs(x)))
        return xp.sum(losses), functions.sigmoid(x)


class IdentityWithLoss(LossLayer):
    """Identity and half the squared error, ½ Σ (x - t)²: regression."""

    def _loss(self, x: Array, t: Array) -> tuple[Array, Array]:
        difference = x - t
        return 0.5 * namespace(x).sum(difference * difference), x
