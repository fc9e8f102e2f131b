"""The book's networks of many fully connected layers (chapter 6)."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from backends import Backend, DType
from backprop.arguments import truth, whole, wholes
from backprop.initialization import WeightScale
from backprop.layers import SoftmaxWithLoss
from backprop.layers.activation import activation as activation_layer
from backprop.networks.building import Builder
from backprop.networks.network import Network


class MultiLayerNetExtend(Network):
    """Affine layers with an activation between, batch normalization and dropout if wanted.

    Parameters
    ----------
    input_size : int
        D.
    hidden_size_list : sequence of int
        The widths of the hidden layers.
    output_size : int
        C.
    activation : str
        ``"relu"``, ``"sigmoid"`` or ``"tanh"``.
    weight_init_std : float or str
        The standard deviation of the weights at the start, or a rule: ``"relu"`` or ``"he"``,
        ``"sigmoid"`` or ``"xavier"``.
    weight_decay_lambda : float
        λ: the loss counts ½ λ Σ W² too.
    use_dropout : bool
        Whether there is a Dropout after each activation.
    dropout_ration : float
        The share that it leaves out (the book's spelling).
    use_batchnorm : bool
        Whether there is a BatchNormalization before each activation.
    inverted : bool
        Whether Dropout scales in training, and not afterwards as the book's does.
    dtype : str or dtype
        Of the parameters and of everything computed.
    backend : Backend or str, optional
        Where the network lives; as `backends.select()` decides if not given.
    seed : int, optional
        The same seed gives the same weights, and masks of Dropout, on every backend.

    Raises
    ------
    TypeError
        When a size is no whole number, or what may be True or False is neither.
    ValueError
        When a size is not positive, or another number out of range.

    Examples
    --------
    >>> net = MultiLayerNetExtend(784, [50, 20], 10, use_batchnorm=True, backend="cpu", seed=0)
    >>> list(net.layers)[:4]
    ['Affine1', 'BatchNorm1', 'Activation_function1', 'Affine2']
    >>> list(net.params)[:6]
    ['W1', 'b1', 'gamma1', 'beta1', 'W2', 'b2']
    """

    def __init__(
        self,
        input_size: int,
        hidden_size_list: Sequence[int],
        output_size: int,
        activation: str = "relu",
        weight_init_std: WeightScale = "relu",
        weight_decay_lambda: float = 0.0,
        use_dropout: bool = False,
        dropout_ration: float = 0.5,
        use_batchnorm: bool = False,
        *,
        inverted: bool = False,
        dtype: str | DType = "float32",
        backend: str | Backend | None = None,
        seed: int | None = None,
    ) -> None:
        sizes = (
            whole("input_size", input_size),
            *wholes("hidden_size_list", hidden_size_list),
            whole("output_size", output_size),
        )
        normalizes = truth("use_batchnorm", use_batchnorm)
        drops = truth("use_dropout", use_dropout)
        build, make_activation = Builder(backend, dtype, seed), activation_layer(activation)
        layers: dict[str, Any] = {}
        for i, (inputs, outputs) in enumerate(pairwise(sizes), start=1):
            layers[f"Affine{i}"] = build.affine(inputs, outputs, weight_init_std)
            if i == len(sizes) - 1:
                break
            if normalizes:
                layers[f"BatchNorm{i}"] = build.batch_normalization(outputs)
            layers[f"Activation_function{i}"] = make_activation()
            if drops:
                layers[f"Dropout{i}"] = build.dropout(dropout_ration, inverted)
        super().__init__(layers, SoftmaxWithLoss())
        self.weight_decay_lambda = weight_decay_lambda


class MultiLayerNet(MultiLayerNetExtend):
    """Affine layers with an activation between.

    Parameters
    ----------
    input_size, hidden_size_list, output_size, activation, weight_init_std, weight_decay_lambda
        As in `MultiLayerNetExtend`.
    dtype, backend, seed
        As there.

    Examples
    --------
    >>> net = MultiLayerNet(784, [100, 100], 10, backend="cpu", seed=0)
    >>> {name: tuple(net.params[name].shape) for name in ("W1", "W2", "W3")}
    {'W1': (784, 100), 'W2': (100, 100), 'W3': (100, 10)}
    """

    def __init__(
        self,
        input_size: int,
        hidden_size_list: Sequence[int],
        output_size: int,
        activation: str = "relu",
        weight_init_std: WeightScale = "relu",
        weight_decay_lambda: float = 0.0,
        *,
        dtype: str | DType = "float32",
        backend: str | Backend | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__(
            input_size,
            hidden_size_list,
            output_size,
            activation,
            weight_init_std,
            weight_decay_lambda,
            dtype=dtype,
            backend=backend,
            seed=seed,
        )
