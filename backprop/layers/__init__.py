"""Layers: a forward pass, and a backward pass derived by hand, each concept in a file."""

from backprop.layers.activation import Relu, Sigmoid, Tanh
from backprop.layers.affine import Affine
from backprop.layers.arithmetic import AddLayer, MulLayer
from backprop.layers.layer import Layer
from backprop.layers.loss import IdentityWithLoss, SigmoidWithLoss, SoftmaxWithLoss

__all__ = [
    "AddLayer",
    "Affine",
    "IdentityWithLoss",
    "Layer",
    "MulLayer",
    "Relu",
    "Sigmoid",
    "SigmoidWithLoss",
    "SoftmaxWithLoss",
    "Tanh",
]
