"""Networks: layers put together."""

from backprop.networks.network import Network
from backprop.networks.two_layer_net import TwoLayerNet

__all__ = ["Network", "TwoLayerNet"]
