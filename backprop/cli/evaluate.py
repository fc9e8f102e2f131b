"""`backprop evaluate`: accuracy and confusion matrix of trained parameters."""

from typing import Annotated, Any

import rich
import typer
from rich.table import Table

import backends
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
    x, t = (backend.asarray(array) for array in load(dataset, data_dir, normalize=not raw)[1])
    matrix = backend.to_numpy(confusion_matrix(t, net.classify(x, batch_size), 10)).tolist()
    count = x.shape[0]
    correct = sum(row[digit] for digit, row in enumerate(matrix))
    print(f"device: {backend}")
    print(f"layers: {', '.join(net.layers)}")
    print(f"accuracy: {correct / count:.2%} of {count:,} test images\n")
    _print_matrix(matrix)


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
