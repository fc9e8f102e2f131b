"""Activations, their derivatives, losses, and windows on pictures, as functions of arrays.

N batch, C classes. Integers and booleans are computed in the library's default floating dtype, but
stay what they are in `identity`, `step` and `relu`; numbers and sequences count as host arrays.
"""

from backends import Array, DType, namespace
from backprop import labels
from backprop.arguments import whole
from backprop.arrays import Numbers, as_array, default_dtype, floating_array, zero_like
from backprop.windows import col2im, conv_output_size, im2col

__all__ = [
    "col2im",
    "conv_output_size",
    "cross_entropy_error",
    "identity",
    "identity_function",
    "identity_grad",
    "im2col",
    "log_softmax",
    "mean_squared_error",
    "one_hot",
    "relu",
    "relu_grad",
    "sigmoid",
    "sigmoid_grad",
    "softmax",
    "softmax_loss",
    "step",
    "step_function",
    "step_grad",
    "sum_squared_error",
    "tanh",
    "tanh_grad",
]


def identity(x: Numbers) -> Array:
    """Return `x` itself: the output layer of regression (section 3.5)."""
    return as_array(x)


identity_function = identity  # the book's name


def identity_grad(x: Numbers) -> Array:
    """Return the derivative of `identity`: 1, in the shape of `x`."""
    a = floating_array(x)
    return namespace(a).ones_like(a)


def step(x: Numbers) -> Array:
    """Return 1 where `x` > 0 and 0 elsewhere, in the dtype of `x` (section 3.2).

    Examples
    --------
    >>> import numpy as np
    >>> step(np.array([-1.0, 1.0, 2.0]))
    array([0., 1., 1.])
    """
    a = as_array(x)
    return namespace(a).astype(a > 0, a.dtype)


def step_function(x: Numbers) -> Array:
    """Return `step(x)` as integers, as the book's function of this name does.

    Examples
    --------
    >>> import numpy as np
    >>> step_function(np.array([-1.0, 1.0, 2.0]))
    array([0, 1, 1])
    """
    a = as_array(x)
    return namespace(a).astype(a > 0, default_dtype(a, "integral"))


def step_grad(x: Numbers) -> Array:
    """Return the derivative of `step`: 0, also at the jump, where there is none."""
    a = floating_array(x)
    return namespace(a).zeros_like(a)


def relu(x: Numbers) -> Array:
    """Return max(x, 0) (section 3.2)."""
    a = as_array(x)
    return namespace(a).maximum(a, zero_like(a))


def relu_grad(x: Numbers) -> Array:
    """Return the derivative of `relu`: 1 where `x` > 0, and the subgradient 0 at 0."""
    a = floating_array(x)
    return namespace(a).astype(a > 0, a.dtype)


def sigmoid(x: Numbers) -> Array:
    """Return 1 / (1 + exp(-x)), exact to the last bits for any `x`, without overflow (section 3.2).

    Examples
    --------
    >>> import numpy as np
    >>> sigmoid(np.array([-30.0, 0.0, 1e4]))
    array([9.35762297e-14, 5.00000000e-01, 1.00000000e+00])
    """
    a = floating_array(x)
    xp = namespace(a)
    return xp.exp(xp.minimum(a, zero_like(a))) / (1.0 + xp.exp(-xp.abs(a)))


def sigmoid_grad(x: Numbers) -> Array:
    """Return the derivative of `sigmoid`: y (1 - y), with y = sigmoid(x)."""
    return sigmoid(x) * sigmoid(-floating_array(x))


def tanh(x: Numbers) -> Array:
    """Return the hyperbolic tangent."""
    a = floating_array(x)
    return namespace(a).tanh(a)


def tanh_grad(x: Numbers) -> Array:
    """Return the derivative of `tanh`: 1 - y², with y = tanh(x)."""
    y = tanh(x)
    return (1.0 - y) * (1.0 + y)


def softmax(x: Numbers, axis: int = -1) -> Array:
    """Return exp(x) / sum(exp(x)) along `axis`, without overflow (section 3.5).

    Examples
    --------
    >>> import numpy as np
    >>> softmax(np.array([0.3, 2.9, 4.0]))
    array([0.01821127, 0.24519181, 0.73659691])
    """
    a = floating_array(x)
    xp = namespace(a)
    exp = xp.exp(a - xp.max(a, axis=axis, keepdims=True))
    return exp / xp.sum(exp, axis=axis, keepdims=True)


def log_softmax(x: Numbers, axis: int = -1) -> Array:
    """Return the logarithm of `softmax`, exact also where the probability underflows."""
    a = floating_array(x)
    xp = namespace(a)
    shifted = a - xp.max(a, axis=axis, keepdims=True)
    return shifted - xp.log(xp.sum(xp.exp(shifted), axis=axis, keepdims=True))


def one_hot(t: Numbers, num_classes: int, dtype: DType | None = None) -> Array:
    """Return integer labels as rows with a 1 at the label (section 3.6).

    Parameters
    ----------
    t : array, integer, any shape
        Labels from 0 to `num_classes` - 1.
    num_classes : int
        C, the length of a row.
    dtype : dtype, optional
        Of the result; the library's default floating dtype if not given.

    Returns
    -------
    array, shape `t.shape` + (C,)

    Raises
    ------
    TypeError
        When labels are not integers, or `num_classes` is none.
    ValueError
        When `num_classes` is less than 1, or a label out of range; seen on host
        arrays only, as a device would have to wait.
    """
    a, num_classes = as_array(t), whole("num_classes", num_classes)
    return labels.one_hot(a, num_classes, dtype or default_dtype(a, "real floating"))


def sum_squared_error(y: Numbers, t: Numbers) -> Array:
    """Return ½ Σ (y - t)², summed over everything (section 4.2).

    Parameters
    ----------
    y : array, shape (C,) or (N, C)
        Outputs.
    t : array
        Labels: of the shape of `y`, or integers as in `cross_entropy_error`.

    Examples
    --------
    >>> import numpy as np
    >>> y = np.array([0.1, 0.05, 0.6, 0.0, 0.05, 0.1, 0.0, 0.1, 0.0, 0.0])
    >>> round(float(sum_squared_error(y, np.array(2))), 4)
    0.0975
    """
    a = labels.batched(floating_array(y))
    difference = a - labels.targets(t, a)
    return 0.5 * namespace(a).sum(difference * difference)


mean_squared_error = sum_squared_error  # the name in the book's first printings


def cross_entropy_error(y: Numbers, t: Numbers, eps: float = 1e-7) -> Array:
    """Return -Σ t log(y + eps) / N, for probabilities `y` (section 4.2).

    `softmax_loss` and `SoftmaxWithLoss` work from scores and need no `eps`; prefer them to learn.

    Parameters
    ----------
    y : array, shape (C,) or (N, C)
        Probabilities.
    t : array, shape () or (N,) or (N, 1) or that of `y`
        Labels: integers, or one-hot or soft rows.
    eps : float
        Keeps the logarithm finite where `y` is 0.

    Examples
    --------
    >>> import numpy as np
    >>> y = np.array([0.1, 0.05, 0.6, 0.0, 0.05, 0.1, 0.0, 0.1, 0.0, 0.0])
    >>> float(cross_entropy_error(y, np.array(2)))
    0.510825457099338
    """
    a = labels.batched(floating_array(y))
    b = labels.targets(t, a)
    return -namespace(a).sum(b * namespace(a).log(a + eps)) / a.shape[0]


def softmax_loss(x: Numbers, t: Numbers) -> Array:
    """Return -Σ t log softmax(x) / N, from scores `x` (section 5.6.3).

    Computed in log space: exact where `cross_entropy_error(softmax(x), t)` would need its `eps`.

    Parameters
    ----------
    x : array, shape (C,) or (N, C)
        Scores.
    t : array
        Labels, as in `cross_entropy_error`.

    Examples
    --------
    >>> import numpy as np
    >>> round(float(softmax_loss(np.array([0.0, 0.0, 1000.0]), np.array(0))), 4)
    1000.0
    """
    a = labels.batched(floating_array(x))
    targets, xp = labels.targets(t, a), namespace(a)
    return -xp.sum(targets * xp.where(targets == 0, 0.0, log_softmax(a))) / a.shape[0]
