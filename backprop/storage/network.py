"""Save and load a whole network; the file names the library's own layers, and holds no code."""

import json
import os
from collections.abc import Mapping
from typing import cast

import backends
from backends import Backend, FloatDType
from backprop.finite import NotFiniteError
from backprop.layers.activation import ACTIVATIONS, ActivationName
from backprop.layers.activation import activation as activation_layer
from backprop.networks import Network
from backprop.networks.architecture import describe, rebuild
from backprop.networks.copies import check_dtype, copied
from backprop.storage.books import books_network
from backprop.storage.params import checked_metadata, load_params, save_params

NETWORK = "network"
"""The metadata in which a file says how to rebuild its network, in JSON."""
TRAINER = "trainer"
"""The metadata in which a checkpoint says where training is, and its arrays' first name."""


def save_network(
    path: str | os.PathLike[str], net: Network, metadata: Mapping[str, str] | None = None
) -> None:
    """Write a network to a safetensors file: its arrays, and how to rebuild it.

    Parameters
    ----------
    path : path
        The file; an old one stays whole until the new one is.
    net : Network
        A network of the library's own layers.
    metadata : mapping of str to str, optional
        What else is to stand in the file.

    Raises
    ------
    OSError
        When the file can't be written.
    TypeError
        When a layer is none of the library's own: a file holds no code.
    ValueError
        When `metadata` has the key ``"network"``, or the file's name ends in `.npz` or `.npy`.
    """
    texts = checked_metadata(metadata, NETWORK)
    description = json.dumps(describe(net))
    save_params(path, net.state_dict(), {**texts, NETWORK: description})


def load_network(
    path: str | os.PathLike[str],
    *,
    activation: ActivationName | None = None,
    backend: str | Backend | None = None,
    dtype: FloatDType | None = None,
) -> Network:
    """Read a network from a file of `save_network`, or of parameters `W1, b1, ..., Wn, bn`.

    A checkpoint of training is such a file too, but not one of a network with layers of your own.
    The parameters of the book's SimpleConvNet and DeepConvNet are known by their shapes.

    Parameters
    ----------
    path : path
        As `load_params` reads it.
    activation : str, optional
        That between the Affine layers, for a file that does not say; else ``"relu"``.
    backend : Backend or str, optional
        Where the network lives; as `backends.select()` decides if not given.
    dtype : str or dtype, optional
        That of the file's arrays if not given; ``"float32"`` for the book's convolutional networks.

    Raises
    ------
    OSError
        When the file can't be read.
    NotFiniteError
        When a parameter is nan or infinite; `load_params` reads such a file.
    TypeError
        When `dtype` is not floating, or none of the backend's.
    ValueError
        When it holds no network, or none that can be rebuilt, or says another activation than the
        one given.
    """
    check_dtype(dtype)
    if activation is not None:
        activation_layer(activation)
    arrays, metadata = load_params(path)
    if TRAINER in metadata:
        arrays = {name: x for name, x in arrays.items() if not name.startswith(f"{TRAINER}/")}
    backend = backends.select(backend)
    if dtype is not None:
        backend.dtype(dtype)
    description, said = metadata.get(NETWORK), metadata.get("activation")
    if description is None and TRAINER in metadata:
        raise ValueError(
            f"{path} must say how to rebuild its network; got a checkpoint of one with layers of "
            "your own: use Trainer.resume(path, net)"
        )
    net: Network | None
    try:
        if description is not None:
            copies = {
                name: copied(x, backend, dtype if x.dtype.kind == "f" else None)
                for name, x in arrays.items()
            }
            net = rebuild(json.loads(description), copies)
        else:
            net = books_network(arrays, backend, dtype)
        if net is None:
            _check_activation(path, activation, said)
            known = cast(ActivationName, activation or said or "relu")  # seen to be one there
            net = Network.from_params(arrays, known, dtype=dtype, backend=backend)
    except NotFiniteError as error:
        raise NotFiniteError(f"{path}: {error}") from None
    except (TypeError, ValueError, RecursionError) as error:
        what = str(error)[:300]
        raise ValueError(f"{path} must describe a network of this library: {what}") from None
    kinds = {kind: name for name, kind in ACTIVATIONS.items()}
    for layer in net.layers.values():
        _check_activation(path, activation, kinds.get(type(layer)))
    return net


def _check_activation(
    path: str | os.PathLike[str], activation: str | None, said: str | None
) -> None:
    if activation is not None and said is not None and activation != said:
        raise ValueError(f"`activation` must be {said}, as {path} says; got {activation}")
