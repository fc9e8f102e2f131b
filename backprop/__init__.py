"""Neural-network layers with hand-derived backward passes, on any Array API library.

The layers, networks and examples follow *Deep Learning from Scratch* (Koki Saitoh, O'Reilly
Japan, 2016), chapters 1 to 5; sections in docstrings are that book's.
"""

from pathlib import Path

import backends

if (_found := Path([*getattr(backends, "__path__", []), backends.__file__][0]).resolve()) != (
    Path(__file__).resolve().parent.parent / "backends"
):
    raise ImportError(
        "backprop needs its own package `backends`, which lies beside it; got a foreign one from "
        f"{_found}: remove it from the path, or put it after backprop"
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


def __getattr__(name: str) -> str:
    """Return `__version__`, which is looked up only when it is asked for."""
    if name == "__version__":
        from importlib.metadata import version

        return version("backprop")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


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
