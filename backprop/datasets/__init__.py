"""Data sets, read to host arrays."""

from backprop.datasets.idx import read_idx
from backprop.datasets.mnist import load_mnist, load_mnist_sample

__all__ = ["load_mnist", "load_mnist_sample", "read_idx"]
