"""Neural-network layers with hand-derived backward passes, on any Array API library.

The layers, networks and examples follow *Deep Learning from Scratch* (Koki Saitoh, O'Reilly
Japan, 2016), chapters 1 to 5; sections in docstrings are that book's.
"""

from importlib.metadata import version
from pathlib import Path

import backends

if Path(next(iter(backends.__path__))).resolve().parent != Path(__file__).resolve().parent.parent:
    raise ImportError(
        "backprop needs its own package `backends`, which lies beside it; got a foreign one from "
        f"{next(iter(backends.__path__))}: remove it from the path, or put it after backprop"
    )

from backprop import functions
from backprop.datasets import load_mnist, load_mnist_sample
from backprop.gradients import (
    GradientError,
    assert_gradients,
    gradcheck,
    gradient_descent,
    numerical_diff,
    numerical_gradient,
)
from backprop.layers import (
    AddLayer,
    Affine,
    IdentityWithLoss,
    Layer,
    MulLayer,
    Relu,
    Sigmoid,
    SigmoidWithLoss,
    SoftmaxWithLoss,
    Tanh,
)
from backprop.networks import Network, TwoLayerNet
from backprop.storage import load_params, save_params
from backprop.training import SGD, History, Trainer

__version__ = version("backprop")

__all__ = [
    "SGD",
    "AddLayer",
    "Affine",
    "GradientError",
    "History",
    "IdentityWithLoss",
    "Layer",
    "MulLayer",
    "Network",
    "Relu",
    "Sigmoid",
    "SigmoidWithLoss",
    "SoftmaxWithLoss",
    "Tanh",
    "Trainer",
    "TwoLayerNet",
    "assert_gradients",
    "functions",
    "gradcheck",
    "gradient_descent",
    "load_mnist",
    "load_mnist_sample",
    "load_params",
    "numerical_diff",
    "numerical_gradient",
    "save_params",
]
