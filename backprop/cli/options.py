"""Options that several commands share, and the data and networks that they name."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

import typer

from backends import Backend, FloatDType
from backends.libraries import KNOWN
from backprop import Network, load_network, summary
from backprop.cli.digit_network import (
    CLASSES,
    INPUTS,
    NetName,
    sample_shape,
)
from backprop.cli.recipe import OPTIMIZERS, ROTATE, SHIFT, OptimizerName, ScheduleName
from backprop.datasets import load_mnist, load_mnist_sample
from backprop.layers.activation import ActivationName
from backprop.storage.books import PICTURE


class Dataset(StrEnum):
    """Data sets by name."""

    SAMPLE = "mnist-sample"
    MNIST = "mnist"


DTypeName: TypeAlias = Literal["float32", "float64"]


class OnNan(StrEnum):
    """What to do when training has died."""

    STOP = "stop"
    WARN = "warn"
    IGNORE = "ignore"


NetOption = Annotated[
    NetName | None,
    typer.Option(
        help="Network of the book: of Affine layers, or convolutional.",
        show_default="two-layer; multi-layer where --hidden has several widths",
    ),
]
HiddenOption = Annotated[
    str | None,
    typer.Option(
        metavar="<int,...>",
        help="Width of the hidden layer; several for multi-layer, such as 100,50.",
        show_default="as in the book: 50, 100,100, 100 and 50 for the networks in turn",
    ),
]
NewActivationOption = Annotated[
    ActivationName | None,
    typer.Option(help="Activation of the hidden layers.", show_default="relu"),
]
OptimizerOption = Annotated[OptimizerName, typer.Option(help="Optimizer that takes the steps.")]
RateOption = Annotated[
    float | None,
    typer.Option(
        help="Learning rate, the highest one of a schedule.",
        show_default=", ".join(f"{lr} for {name}" for name, (_, lr) in OPTIMIZERS.items()),
    ),
]
ScheduleOption = Annotated[
    ScheduleName,
    typer.Option(
        help="Course of the rate: step takes a tenth after each third of the run, cosine goes down "
        "to 0, warm-up rises in the first tenth."
    ),
]
AugmentOption = Annotated[
    str,
    typer.Option(
        metavar="<shift,rotate>",
        help=f"Moves of the pictures at random, at most {SHIFT} pixels and {ROTATE:g} degrees.",
    ),
]
CompileOption = Annotated[
    bool,
    typer.Option("--compile", help="One compiled step, where the library can; Dropout included."),
]
DatasetOption = Annotated[
    Dataset,
    typer.Option(help="Data set: mnist-sample ships with the package, mnist is all of MNIST."),
]
DataDirOption = Annotated[
    Path | None,
    typer.Option(
        help="Folder with the four MNIST files.",
        show_default="BACKPROP_DATA_DIR, else the cache, else a download",
    ),
]
DeviceOption = Annotated[
    str | None,
    typer.Option(
        help="Device: cpu, cuda, cuda:N or auto.",
        show_default="BACKPROP_DEVICE, else cpu where the library has it",
    ),
]
LibraryOption = Annotated[
    str | None,
    typer.Option(
        help=f"Array library: {', '.join(KNOWN)}.",
        show_default="BACKPROP_LIBRARY, else as the device needs",
    ),
]


ParamsOption = Annotated[
    Path,
    typer.Option(help="File with parameters W1, b1, ...: safetensors, .npz or a pickle."),
]
ActivationOption = Annotated[
    ActivationName | None,
    typer.Option(
        help="Activation of the hidden layers.", show_default="as the file says, else relu"
    ),
]
NetworkDTypeOption = Annotated[
    DTypeName | None, typer.Option(help="Dtype to compute in.", show_default="that of the file")
]
RawOption = Annotated[
    bool, typer.Option("--raw", help="Raw pixels from 0 to 255, not divided by 255.")
]


def _folder(text: str | Path) -> Path:
    if not str(text):
        raise ValueError("--out must be a folder; got an empty name")
    return Path(text)


def out_option(default: str) -> Any:
    """Return the option `--out`, with what it is if not given."""
    return typer.Option(
        help="Folder for the results.", show_default=default, parser=_folder, metavar="<path>"
    )


def make_folder(folder: Path) -> None:
    """Make the folder of `--out`, and those above it.

    Raises
    ------
    ValueError
        When it can't be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(
            f"--out must be a folder that can be written; got {folder}: {error.strerror}"
        ) from None


def load(
    dataset: Dataset, data_dir: Path | None, normalize: bool = True, flatten: bool = True
) -> Any:
    """Return `(x_train, t_train), (x_test, t_test)` of the data set."""
    if dataset is Dataset.SAMPLE:
        if data_dir is not None:
            raise ValueError("--data-dir needs --dataset mnist; got --dataset mnist-sample")
        return load_mnist_sample(normalize, flatten)
    if data_dir is not None and not data_dir.is_dir():
        raise ValueError(f"--data-dir must be a folder; got {data_dir}")
    return load_mnist(normalize, flatten, path=data_dir)


def load_digit_network(
    params: Path, activation: ActivationName | None, backend: Backend, dtype: FloatDType | None
) -> Network:
    """Return the network of a file, which must be one for MNIST's digits."""
    _check_file(params)
    net = load_network(params, activation=activation, backend=backend, dtype=dtype)
    values = list(net.params.values())
    sizes = values[0].shape[0], values[-1].shape[0]
    got = f"got {sizes[0]} and {sizes[1]}"
    if sample_shape(net) == PICTURE:
        try:
            sizes = INPUTS, summary(net, PICTURE).rows[-1].output[0]
            got = f"got {sizes[1]} outputs"
        except ValueError as error:
            sizes, got = (0, 0), str(error)
    if sizes != (INPUTS, CLASSES):
        raise ValueError(f"--params must have {INPUTS} inputs and {CLASSES} outputs; {got}")
    return net


def _check_file(params: Path) -> None:
    """Say in words of the option what is wrong with a file that can't be opened."""
    try:
        with params.open("rb"):
            return
    except IsADirectoryError:
        problem = f"{params} is a folder"
    except FileNotFoundError:
        problem = f"{params} is not there"
    except OSError as error:
        problem = f"{params}: {error.strerror}"
    raise ValueError(f"--params must be a file that can be read; {problem}")
