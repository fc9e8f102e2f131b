"""`backprop predict`: digits in pictures, recognized with trained parameters."""

import sys
import warnings
from pathlib import Path
from typing import Annotated, Any

import numpy.typing as npt
import typer

import backends
from backprop.cli import tables
from backprop.cli.computing import say_device
from backprop.cli.digit_network import sample_shape
from backprop.cli.options import (
    ActivationOption,
    DeviceOption,
    LibraryOption,
    NetworkDTypeOption,
    ParamsOption,
    RawOption,
    load_digit_network,
)
from backprop.cli.output import record, say
from backprop.cli.words import of_system
from backprop.datasets import load_picture
from backprop.storage.reading import printable

_RUNNERS_UP = 2


def predict(
    pictures: Annotated[
        list[Path], typer.Argument(help="Image files with one digit each, of any size.")
    ],
    params: ParamsOption,
    device: DeviceOption = None,
    library: LibraryOption = None,
    activation: ActivationOption = None,
    raw: RawOption = False,
    dtype: NetworkDTypeOption = None,
) -> int:
    """Recognize handwritten digits in image files, with probabilities.

    Digits may be dark on light or light on dark.
    A picture that can't be read, or shows no digit or several, is named and left out.
    The exit code is then 2. What seems to be no digit is named in a warning.
    """
    backend = backends.select(device, library)
    net = load_digit_network(params, activation, backend, dtype)
    read = _read(pictures, normalize=not raw)
    found: list[list[float]] = []
    if read:
        xp = backend.xp
        shape = sample_shape(net)
        x = xp.stack([backend.asarray(array.reshape(shape)) for array in read.values()])
        probabilities = net.probabilities(x)
        say_device(backend)
        say()
        found = backend.to_numpy(probabilities).tolist()
        _print_table(list(read), found)
    record({"pictures": [_as_json(*each) for each in zip(read, found, strict=True)]})
    return 0 if len(read) == len(set(pictures)) else 2


def _read(pictures: list[Path], normalize: bool) -> dict[Path, npt.NDArray[Any]]:
    """Return the pictures that can be read, and say of each other why it can't."""
    found: dict[Path, npt.NDArray[Any]] = {}
    for path in pictures:
        try:
            with warnings.catch_warnings(record=True) as said:
                warnings.simplefilter("always", UserWarning)
                found[path] = load_picture(path, normalize)
            for warning in said:
                print(f"backprop: warning: {printable(str(warning.message))}", file=sys.stderr)
        except (OSError, ValueError) as error:
            what = printable(" ".join(of_system(error).split()))
            print(f"backprop: error: {what}", file=sys.stderr)
    return found


def _print_table(paths: list[Path], probabilities: list[list[float]]) -> None:
    rows = []
    for path, row in zip(paths, probabilities, strict=True):
        first, *others = sorted(range(10), key=lambda digit: -row[digit])
        rest = ", ".join(f"{digit} {row[digit]:.1%}" for digit in others[:_RUNNERS_UP])
        rows.append([printable(str(path)), str(first), f"{row[first]:.1%}", rest])
    head = ["picture", "digit", "probability", "runners-up"]
    styles = {(k, 1): "bold" for k in range(len(rows))}
    tables.show(head, rows, right=["digit", "probability"], styles=styles)


def _as_json(path: Path, probabilities: list[float]) -> dict[str, Any]:
    digit = max(range(10), key=probabilities.__getitem__)
    return {"picture": str(path), "digit": digit, "probabilities": probabilities}
