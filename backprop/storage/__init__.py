"""Files of parameters and of networks; loading never runs code from a file."""

from backprop.storage.network import load_network, save_network
from backprop.storage.onnx import save_onnx
from backprop.storage.params import load_params, save_params

__all__ = ["load_network", "load_params", "save_network", "save_onnx", "save_params"]
