"""The book's network: Affine, activation, Affine, softmax with loss (section 5.7.2)."""

from itertools import pairwise
from typing import Any

import backends
from backends import Backend, FloatDType, isdtype
from backprop.arguments import whole
from backprop.initialization import WeightScale, weight_std
from backprop.layers import SoftmaxWithLoss
from backprop.layers.activation import ActivationName
from backprop.networks.network import Network
from backprop.networks.stack import affine_stack


class TwoLayerNet(Network):
    """D inputs, one hidden layer, C classes.

    Parameters
    ----------
    input_size, hidden_size, output_size : int
        D, the hidden layer's width, and C.
    weight_init_std : float or str
        Weights start normally distributed with this standard deviation, or with that of a rule as
        in `MultiLayerNet`; biases at 0.
    activation : str
        ``"relu"``, ``"sigmoid"`` or ``"tanh"``.
    dtype : str or dtype
        Of the parameters and of everything computed.
    backend : Backend or str, optional
        Where the network lives; as `backends.select()` decides if not given.
    seed : int, optional
        The same seed gives the same weights on every backend.

    Raises
    ------
    TypeError
        When a size is no whole number, or `weight_init_std` no number.
    ValueError
        When a size is not positive.

    Examples
    --------
    >>> net = TwoLayerNet(784, 50, 10, backend="cpu", seed=0)
    >>> list(net.params)
    ['W1', 'b1', 'W2', 'b2']
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        output_size: int,
        weight_init_std: WeightScale = 0.01,
        *,
        activation: ActivationName = "relu",
        dtype: FloatDType = "float32",
        backend: str | Backend | None = None,
        seed: int | None = None,
    ) -> None:
        sizes = (
            whole("input_size", input_size),
            whole("hidden_size", hidden_size),
            whole("output_size", output_size),
        )
        backend = backends.select(backend)
        if not isdtype(backend.xp, backend.dtype(dtype), "real floating"):
            raise TypeError(f"`dtype` must be real floating; got {dtype}")
        rng = backend.rng(seed)
        params: dict[str, Any] = {}
        for i, shape in enumerate(pairwise(sizes), start=1):
            std = weight_std(weight_init_std, shape[0])
            params[f"W{i}"] = backend.asarray(std * rng.standard_normal(shape), dtype)
            params[f"b{i}"] = backend.xp.zeros(
                shape[1], dtype=backend.dtype(dtype), device=backend.device
            )
        super().__init__(affine_stack(params, activation), SoftmaxWithLoss())
