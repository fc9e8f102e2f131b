"""`backprop evaluate`: accuracy and confusion matrix of trained parameters."""

from typing import Annotated

import typer

import backends
from backprop.cli import tables
from backprop.cli.computing import say_device
from backprop.cli.digit_network import sample_shape
from backprop.cli.options import (
    ActivationOption,
    DataDirOption,
    Dataset,
    DatasetOption,
    DeviceOption,
    LibraryOption,
    NetworkDTypeOption,
    ParamsOption,
    RawOption,
    load,
    load_digit_network,
)
from backprop.cli.output import answer, chatty, record, say
from backprop.cli.terminal import width
from backprop.metrics import confusion_matrix


def evaluate(
    params: ParamsOption,
    dataset: DatasetOption = Dataset.SAMPLE,
    data_dir: DataDirOption = None,
    device: DeviceOption = None,
    library: LibraryOption = None,
    activation: ActivationOption = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Number of images at a time.")] = 1000,
    raw: RawOption = False,
    dtype: NetworkDTypeOption = None,
) -> None:
    """Show accuracy and confusion matrix on the test images."""
    backend = backends.select(device, library)
    net = load_digit_network(params, activation, backend, dtype)
    pictures, digits = load(dataset, data_dir, normalize=not raw)[1]
    x = backend.asarray(pictures.reshape(-1, *sample_shape(net)))
    t = backend.asarray(digits)
    matrix = backend.to_numpy(confusion_matrix(t, net.classify(x, batch_size), 10)).tolist()
    count = x.shape[0]
    correct = sum(row[digit] for digit, row in enumerate(matrix))
    say_device(backend)
    say(f"layers: {', '.join(net.layers)}")
    answer(f"accuracy: {correct / count:.2%} of {count:,} test images")
    if chatty():
        _print_matrix([[int(n) for n in row] for row in matrix])
    record(
        {
            "params": str(params),
            "library": backend.name,
            "device": backend.device_name,
            "accuracy": correct / count,
            "images": count,
            "confusion_matrix": [[int(n) for n in row] for row in matrix],
        }
    )


def _print_matrix(matrix: list[list[int]]) -> None:
    """Print it in columns where there is room, else for each label what it was taken for."""
    digits = range(len(matrix))
    cells = [[f"{n}" if n else "·" for n in row] for row in matrix]
    wide = sum(max(map(len, column)) + 2 for column in zip(*cells, strict=True)) + 1
    room = width()
    if room is None or wide <= room:
        say("\nrows: label, columns: prediction")
        head = ["", *map(str, digits)]
        rows = [[str(digit), *row] for digit, row in enumerate(cells)]
        styles = {(digit, digit + 1): "bold" for digit in digits}
        tables.show(head, rows, right=head, styles=styles)
        return
    say("\nlabel  right  mostly taken for")
    for digit, row in enumerate(matrix):
        others = sorted((-n, other) for other, n in enumerate(row) if n and other != digit)
        wrong = ", ".join(f"{other} ({-n})" for n, other in others[:2])
        say(f"{digit:>5} {row[digit]:>6}  {wrong}".rstrip())
