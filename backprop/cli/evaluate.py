"""`backprop evaluate`: how well trained parameters do on test digits."""

from pathlib import Path
from typing import Annotated, Any

import rich
import typer
from rich.table import Table

import backends
from backprop.cli.options import (
    Activation,
    DataDirOption,
    Dataset,
    DatasetOption,
    DeviceOption,
    LibraryOption,
    load,
    load_network,
)
from backprop.metrics import confusion_matrix


def evaluate(
    params: Annotated[Path, typer.Option(help="Parameters W1, b1, ... in a safetensors file.")],
    dataset: DatasetOption = Dataset.SAMPLE,
    data_dir: DataDirOption = None,
    device: DeviceOption = None,
    library: LibraryOption = None,
    activation: Annotated[
        Activation | None, typer.Option(help="If the file does not say; relu at last.")
    ] = None,
) -> None:
    """Show the accuracy on the test images and the confusion matrix."""
    backend = backends.select(device, library)
    net = load_network(params, activation, backend)
    values = list(net.params.values())
    sizes = values[0].shape[0], values[-1].shape[0]
    if sizes != (784, 10):
        raise ValueError(
            f"--params must have 784 inputs and 10 outputs; got {sizes[0]} and {sizes[1]}"
        )
    x, t = (backend.asarray(array) for array in load(dataset, data_dir)[1])
    print(f"device: {backend}")
    print(f"accuracy: {net.accuracy(x, t):.2%} of {x.shape[0]:,} test images\n")
    matrix = confusion_matrix(t, backend.xp.argmax(net.predict(x), axis=1), 10)
    _print_matrix(backend.to_numpy(matrix).tolist())


def _print_matrix(matrix: list[list[float]]) -> None:
    table = Table(title="rows: label, columns: prediction", box=None, title_justify="left")
    table.add_column("", justify="right", style="bold")
    for digit in range(len(matrix)):
        table.add_column(str(digit), justify="right")
    for digit, row in enumerate(matrix):
        cells: list[Any] = [f"{n:.0f}" if n else "·" for n in row]
        cells[digit] = f"[bold]{cells[digit]}[/bold]"
        table.add_row(str(digit), *cells)
    rich.print(table)
