"""The book's convolutional networks (section 7.5 and chapter 8)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from backends import Backend, DType
from backprop.arguments import whole
from backprop.initialization import WeightScale
from backprop.layers import Pooling, Relu, SoftmaxWithLoss
from backprop.networks.building import Builder, picture_size
from backprop.networks.network import Network


def _param(filter_num: int, filter_size: int, pad: int) -> Mapping[str, int]:
    return MappingProxyType(
        {"filter_num": filter_num, "filter_size": filter_size, "pad": pad, "stride": 1}
    )


class SimpleConvNet(Network):
    """Conv, Relu, Pool, Affine, Relu, Affine, softmax with loss (section 7.5).

    Parameters
    ----------
    input_dim : tuple of int
        (C, H, W).
    conv_param : mapping of str to int
        `filter_num` and `filter_size`, and `pad` and `stride`, 0 and 1 if not given.
    hidden_size, output_size : int
        The width of the hidden layer, and the number of classes.
    weight_init_std : float or str
        The standard deviation of the weights at the start, or a rule, as in `MultiLayerNet`.
    dtype : str or dtype
        Of the parameters and of everything computed.
    backend : Backend or str, optional
        Where the network lives; as `backends.select()` decides if not given.
    seed : int, optional
        The same seed gives the same weights on every backend.

    Raises
    ------
    TypeError
        When a size is no whole number.
    ValueError
        When a size is not positive, or the windows don't fit.

    Examples
    --------
    >>> net = SimpleConvNet(backend="cpu", seed=0)
    >>> {name: tuple(x.shape) for name, x in net.params.items() if name[0] == "W"}
    {'W1': (30, 1, 5, 5), 'W2': (4320, 100), 'W3': (100, 10)}
    """

    def __init__(
        self,
        input_dim: tuple[int, int, int] = (1, 28, 28),
        conv_param: Mapping[str, int] = _param(30, 5, 0),
        hidden_size: int = 100,
        output_size: int = 10,
        weight_init_std: WeightScale = 0.01,
        *,
        dtype: str | DType = "float32",
        backend: str | Backend | None = None,
        seed: int | None = None,
    ) -> None:
        channels, *picture = picture_size(input_dim)
        hidden, outputs = whole("hidden_size", hidden_size), whole("output_size", output_size)
        build = Builder(backend, dtype, seed)
        conv = build.convolution(channels, conv_param, weight_init_std)
        pool = Pooling(pool_h=2, pool_w=2, stride=2)
        height, width = pool.window.places(conv.window.places((*picture,)))
        flat = conv.W.shape[0] * height * width
        layers = {
            "Conv1": conv,
            "Relu1": Relu(),
            "Pool1": pool,
            "Affine1": build.affine(flat, hidden, weight_init_std),
            "Relu2": Relu(),
            "Affine2": build.affine(hidden, outputs, weight_init_std),
        }
        super().__init__(layers, SoftmaxWithLoss())


class DeepConvNet(Network):
    """Six convolutions with Relu, a pooling after each second one, two Affine layers (chapter 8).

    Dropout follows the first Affine layer's Relu, and the last Affine layer.

    Parameters
    ----------
    input_dim : tuple of int
        (C, H, W).
    conv_param_1, ..., conv_param_6 : mapping of str to int
        `filter_num` and `filter_size`, and `pad` and `stride`, 0 and 1 if not given.
    hidden_size, output_size : int
        The width of the hidden layer, and the number of classes.
    weight_init_std : float or str
        The standard deviation of the weights at the start, or a rule, as in `MultiLayerNet`.
    dropout_ration : float
        The share that Dropout leaves out.
    inverted : bool
        Whether Dropout scales in training, and not afterwards as the book's does: its trained
        parameters need the latter.
    dtype, backend, seed
        As in `SimpleConvNet`.

    Raises
    ------
    TypeError
        When a size is no whole number.
    ValueError
        When a size is not positive, or the windows don't fit.

    Examples
    --------
    >>> net = DeepConvNet(backend="cpu", seed=0)
    >>> [tuple(net.params[f"W{i}"].shape) for i in (1, 6, 7, 8)]
    [(16, 1, 3, 3), (64, 64, 3, 3), (1024, 50), (50, 10)]
    """

    def __init__(
        self,
        input_dim: tuple[int, int, int] = (1, 28, 28),
        conv_param_1: Mapping[str, int] = _param(16, 3, 1),
        conv_param_2: Mapping[str, int] = _param(16, 3, 1),
        conv_param_3: Mapping[str, int] = _param(32, 3, 1),
        conv_param_4: Mapping[str, int] = _param(32, 3, 2),
        conv_param_5: Mapping[str, int] = _param(64, 3, 1),
        conv_param_6: Mapping[str, int] = _param(64, 3, 1),
        hidden_size: int = 50,
        output_size: int = 10,
        *,
        weight_init_std: WeightScale = "relu",
        dropout_ration: float = 0.5,
        inverted: bool = False,
        dtype: str | DType = "float32",
        backend: str | Backend | None = None,
        seed: int | None = None,
    ) -> None:
        channels, *picture = picture_size(input_dim)
        hidden, outputs = whole("hidden_size", hidden_size), whole("output_size", output_size)
        build = Builder(backend, dtype, seed)
        layers: dict[str, Any] = {}
        params = (
            *(conv_param_1, conv_param_2, conv_param_3),
            *(conv_param_4, conv_param_5, conv_param_6),
        )
        for i, param in enumerate(params, start=1):
            conv = build.convolution(channels, param, weight_init_std)
            layers[f"Conv{i}"], layers[f"Relu{i}"] = conv, Relu()
            channels, picture = conv.W.shape[0], [*conv.window.places((*picture,))]
            if i % 2 == 0:
                pool = Pooling(pool_h=2, pool_w=2, stride=2)
                layers[f"Pool{i // 2}"], picture = pool, [*pool.window.places((*picture,))]
        flat = channels * picture[0] * picture[1]
        layers |= {
            "Affine1": build.affine(flat, hidden, weight_init_std),
            "Relu7": Relu(),
            "Dropout1": build.dropout(dropout_ration, inverted),
            "Affine2": build.affine(hidden, outputs, weight_init_std),
            "Dropout2": build.dropout(dropout_ration, inverted),
        }
        super().__init__(layers, SoftmaxWithLoss())
