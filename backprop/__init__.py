"""Neural-network layers with hand-derived backward passes, on any Array API library.

The layers, networks and examples follow *Deep Learning from Scratch* (Koki Saitoh, O'Reilly
Japan, 2016), chapters 1 to 5; sections in docstrings are that book's.
"""

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import backends

if (_found := Path([*getattr(backends, "__path__", []), backends.__file__][0]).resolve()) != (
    Path(__file__).resolve().parent.parent / "backends"
):
    raise ImportError(
        "backprop needs its own package `backends`, which lies beside it; got a foreign one from "
        f"{_found}: remove it from the path, or put it after backprop"
    )

from backprop import functions
from backprop.layers import (
    AddLayer,
    Affine,
    DivLayer,
    Elementwise,
    ExpLayer,
    IdentityWithLoss,
    Layer,
    LogLayer,
    MatMul,
    MulLayer,
    PowLayer,
    Relu,
    Sigmoid,
    SigmoidWithLoss,
    SoftmaxWithLoss,
    SubLayer,
    Tanh,
)
from backprop.networks import Network, TwoLayerNet

if TYPE_CHECKING:
    from backprop import graph
    from backprop.datasets import load_mnist, load_mnist_sample
    from backprop.gradients import (
        GradientError,
        assert_gradients,
        gradcheck,
        gradient_descent,
        numerical_diff,
        numerical_gradient,
    )
    from backprop.networks import perceptron
    from backprop.storage import load_network, load_params, save_network, save_params
    from backprop.training import SGD, History, Trainer

# Imported when first asked for, so that `import backprop` costs little more than NumPy.
_LATER = {
    "backprop.datasets": ("load_mnist", "load_mnist_sample"),
    "backprop.gradients": (
        "GradientError",
        "assert_gradients",
        "gradcheck",
        "gradient_descent",
        "numerical_diff",
        "numerical_gradient",
    ),
    "backprop.storage": ("load_network", "load_params", "save_network", "save_params"),
    "backprop.training": ("SGD", "History", "Trainer"),
}
_LATER_MODULES = {
    "graph": "backprop.graph",
    "perceptron": "backprop.networks.perceptron",
    "plotting": "backprop.plotting",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for the first time; look up `__version__`."""
    if name == "__version__":
        return importlib.import_module("importlib.metadata").version("backprop")
    for module, names in _LATER.items():
        if name in names:
            value = globals()[name] = getattr(importlib.import_module(module), name)
            return value
    if name in _LATER_MODULES:
        return importlib.import_module(_LATER_MODULES[name])
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "SGD",
    "AddLayer",
    "Affine",
    "DivLayer",
    "Elementwise",
    "ExpLayer",
    "GradientError",
    "History",
    "IdentityWithLoss",
    "Layer",
    "LogLayer",
    "MatMul",
    "MulLayer",
    "Network",
    "PowLayer",
    "Relu",
    "Sigmoid",
    "SigmoidWithLoss",
    "SoftmaxWithLoss",
    "SubLayer",
    "Tanh",
    "Trainer",
    "TwoLayerNet",
    "assert_gradients",
    "functions",
    "gradcheck",
    "gradient_descent",
    "graph",
    "load_mnist",
    "load_mnist_sample",
    "load_network",
    "load_params",
    "numerical_diff",
    "numerical_gradient",
    "perceptron",
    "save_network",
    "save_params",
]
