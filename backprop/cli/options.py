"""Options that several commands share, and what they stand for."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from backends import Backend
from backends.libraries import KNOWN
from backprop import Network, load_params
from backprop.datasets import load_mnist, load_mnist_sample


class Dataset(StrEnum):
    """Data sets by name."""

    SAMPLE = "mnist-sample"
    MNIST = "mnist"


class Activation(StrEnum):
    """Activation layers by name."""

    RELU = "relu"
    SIGMOID = "sigmoid"
    TANH = "tanh"


class DTypeName(StrEnum):
    """Floating dtypes by name."""

    FLOAT32 = "float32"
    FLOAT64 = "float64"


DatasetOption = Annotated[
    Dataset,
    typer.Option(help="mnist-sample ships with the package; mnist is all of it."),
]
DataDirOption = Annotated[
    Path | None,
    typer.Option(
        help="Folder with the four MNIST files; else BACKPROP_DATA_DIR, the cache, or a download."
    ),
]
DeviceOption = Annotated[
    str | None,
    typer.Option(help="cpu, cuda, cuda:N or auto; else BACKPROP_DEVICE."),
]
LibraryOption = Annotated[
    str | None,
    typer.Option(help=f"One of {', '.join(KNOWN)}; else BACKPROP_LIBRARY, or as the device needs."),
]


def load(dataset: Dataset, data_dir: Path | None) -> Any:
    """Return `(x_train, t_train), (x_test, t_test)` of the data set."""
    if dataset is Dataset.SAMPLE:
        if data_dir is not None:
            raise ValueError("--data-dir needs --dataset mnist; got --dataset mnist-sample")
        return load_mnist_sample()
    if data_dir is not None and not data_dir.is_dir():
        raise ValueError(f"--data-dir must be a folder; got {data_dir}")
    return load_mnist(path=data_dir)


def load_network(
    params: Path, activation: Activation | None, backend: Backend, dtype: str | None = None
) -> Network:
    """Return the network of saved parameters; the file names its activation if `None` is given."""
    arrays, metadata = load_params(params)
    name = activation or metadata.get("activation", "relu")
    return Network.from_params(arrays, name, dtype=dtype, backend=backend)
