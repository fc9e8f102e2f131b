"""Layers: a forward pass, and a backward pass derived by hand, each concept in a file."""

from backprop.layers.activation import Relu, Sigmoid, Tanh
from backprop.layers.affine import Affine
from backprop.layers.arithmetic import AddLayer, DivLayer, MulLayer, SubLayer
from backprop.layers.binary import Binary
from backprop.layers.convolution import Convolution
from backprop.layers.dropout import Dropout
from backprop.layers.elementwise import Elementwise, is_elementwise
from backprop.layers.exponential import ExpLayer, LogLayer
from backprop.layers.flatten import Flatten
from backprop.layers.layer import Layer, training_argument
from backprop.layers.loss import IdentityWithLoss, SigmoidWithLoss, SoftmaxWithLoss
from backprop.layers.matmul import MatMul
from backprop.layers.normalization import BatchNormalization, LayerNormalization
from backprop.layers.pooling import Pooling
from backprop.layers.power import PowLayer

__all__ = [
    "AddLayer",
    "Affine",
    "BatchNormalization",
    "Binary",
    "Convolution",
    "DivLayer",
    "Dropout",
    "Elementwise",
    "ExpLayer",
    "Flatten",
    "IdentityWithLoss",
    "Layer",
    "LayerNormalization",
    "LogLayer",
    "MatMul",
    "MulLayer",
    "Pooling",
    "PowLayer",
    "Relu",
    "Sigmoid",
    "SigmoidWithLoss",
    "SoftmaxWithLoss",
    "SubLayer",
    "Tanh",
    "is_elementwise",
    "training_argument",
]
