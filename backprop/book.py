"""The book's names, for programs typed from it: `from backprop.book import *`.

Whatever a program of chapters 2 to 8 imports from the modules of `common` or from `dataset.mnist`,
or defines for itself, stands here under the book's name.
Everything is the library's own, but for the step of 1e-4 in what differentiates numerically, which
gives the book's digits, for `gradient_descent`, which returns the path too, and for what stands in
`book_tools`: the book's trainer, its unscaled dropout, networks that write themselves to files.
`np` is here since the book's programs get NumPy by `from common.functions import *`.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from backends import Array
from backprop import numerical
from backprop.book_tools import (
    BatchNormalization,
    DeepConvNet,
    Dropout,
    MultiLayerNetExtend,
    SimpleConvNet,
    Trainer,
    shuffle_dataset,
    smooth_curve,
)
from backprop.datasets import load_mnist
from backprop.functions import (
    col2im,
    conv_output_size,
    cross_entropy_error,
    identity_function,
    im2col,
    mean_squared_error,
    relu,
    relu_grad,
    sigmoid,
    sigmoid_grad,
    softmax,
    softmax_loss,
    step_function,
    sum_squared_error,
)
from backprop.layers import (
    AddLayer,
    Affine,
    Convolution,
    MulLayer,
    Pooling,
    Relu,
    Sigmoid,
    SoftmaxWithLoss,
)
from backprop.networks import MultiLayerNet, TwoLayerNet
from backprop.perceptron import AND, NAND, OR, XOR
from backprop.training import SGD, AdaGrad, Adam, Momentum, Nesterov, RMSprop

__all__ = [
    "AND",
    "NAND",
    "OR",
    "SGD",
    "XOR",
    "AdaGrad",
    "Adam",
    "AddLayer",
    "Affine",
    "BatchNormalization",
    "Convolution",
    "DeepConvNet",
    "Dropout",
    "Momentum",
    "MulLayer",
    "MultiLayerNet",
    "MultiLayerNetExtend",
    "Nesterov",
    "Pooling",
    "RMSprop",
    "Relu",
    "Sigmoid",
    "SimpleConvNet",
    "SoftmaxWithLoss",
    "Trainer",
    "TwoLayerNet",
    "col2im",
    "conv_output_size",
    "cross_entropy_error",
    "gradient_descent",
    "identity_function",
    "im2col",
    "load_mnist",
    "mean_squared_error",
    "np",
    "numerical_diff",
    "numerical_gradient",
    "numerical_gradient_2d",
    "relu",
    "relu_grad",
    "shuffle_dataset",
    "sigmoid",
    "sigmoid_grad",
    "smooth_curve",
    "softmax",
    "softmax_loss",
    "step_function",
    "sum_squared_error",
]

STEP = 1e-4
"""The book's h."""


def numerical_diff(f: Callable[[Any], Any], x: Any) -> Any:
    """Return the derivative of `f` at `x` as `backprop.numerical_diff` does, with the book's step.

    Examples
    --------
    >>> numerical_diff(lambda x: 0.01 * x**2 + 0.1 * x, 5)
    0.1999999999990898
    """
    return numerical.numerical_diff(f, x, STEP)


def numerical_gradient(f: Callable[[Array], Any], x: Array) -> Array:
    """Return the gradient of `f` at an array, with the book's step.

    This is the function of `common.gradient`, for an array of any shape. The one that the program
    `gradient_2d.py` defines under the same name takes rows: that is `numerical_gradient_2d`.
    """
    return numerical.numerical_gradient(f, x, STEP)


def numerical_gradient_2d(f: Callable[[Array], Any], X: Array) -> Array:
    """Return the gradient of `f` at each row of `X`, with the book's step."""
    return numerical.numerical_gradient_2d(f, X, STEP)


def gradient_descent(
    f: Callable[[Array], Any], init_x: Array, lr: float = 0.01, step_num: int = 100
) -> tuple[Array, Array]:
    """Return where descent leads, and the points on the way, as the program `gradient_method.py`.

    `init_x` is left as it is.
    """
    return numerical.gradient_descent(f, init_x, lr, step_num, STEP, history=True)
