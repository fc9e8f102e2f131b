"""Networks: layers put together."""

from backprop.networks.convolutional import DeepConvNet, SimpleConvNet
from backprop.networks.layer_summary import Summary, summary
from backprop.networks.multi_layer_net import MultiLayerNet, MultiLayerNetExtend
from backprop.networks.network import Network
from backprop.networks.two_layer_net import TwoLayerNet

__all__ = [
    "DeepConvNet",
    "MultiLayerNet",
    "MultiLayerNetExtend",
    "Network",
    "SimpleConvNet",
    "Summary",
    "TwoLayerNet",
    "summary",
]
