"""Data sets, read into NumPy arrays."""

from backprop.datasets.idx import read_idx
from backprop.datasets.mnist import load_mnist, load_mnist_sample
from backprop.datasets.picture import load_picture

__all__ = ["load_mnist", "load_mnist_sample", "load_picture", "read_idx"]
