"""`backprop check`: hand-derived gradients of a network against numerical ones, on real digits."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import rich
import typer
from rich.markup import escape
from rich.table import Table

import backends
from backprop import Network, TwoLayerNet, gradcheck, load_network
from backprop.cli.options import (
    Activation,
    DataDirOption,
    Dataset,
    DatasetOption,
    DeviceOption,
    DTypeName,
    LibraryOption,
    load,
)
from backprop.gradients import Report, Verdict


class Mode(StrEnum):
    """How much is compared."""

    FULL = "full"
    SAMPLED = "sampled"
    DIRECTIONAL = "directional"


_COLORS = {
    Verdict.AGREES: "green",
    Verdict.KINK: "green",
    Verdict.NOISY: "yellow",
    Verdict.WRONG: "red",
}


def check(
    params: Annotated[
        Path | None,
        typer.Option(help="File with parameters, as for evaluate.", show_default="a new network"),
    ] = None,
    dataset: DatasetOption = Dataset.SAMPLE,
    data_dir: DataDirOption = None,
    device: DeviceOption = None,
    library: LibraryOption = None,
    hidden: Annotated[
        int | None,
        typer.Option(min=1, help="Width of the hidden layer of a new network.", show_default="50"),
    ] = None,
    activation: Annotated[
        Activation | None,
        typer.Option(
            help="Activation of the hidden layers.", show_default="as --params says, else relu"
        ),
    ] = None,
    batch: Annotated[int, typer.Option(min=1, help="Number of training images.")] = 3,
    mode: Annotated[
        Mode,
        typer.Option(help="Coverage: every coordinate, some of each array, or one direction."),
    ] = Mode.FULL,
    dtype: Annotated[
        DTypeName | None,
        typer.Option(
            help="Dtype of the gradients to check.", show_default="float64 where the device has it"
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of weights and samples.")] = 0,
) -> int:
    """Compare backpropagation with numerical differentiation.

    The exit code is 1 if a gradient is wrong.
    """
    backend = backends.select(device, library)
    precision = backend.widest if dtype is None else dtype.value
    if params is not None and hidden is not None:
        raise ValueError("one of --params and --hidden must be given; got both")
    if params is None:
        chosen = activation or Activation.RELU
        net: Network = TwoLayerNet(
            784, hidden or 50, 10, activation=chosen, dtype=precision, backend=backend, seed=seed
        )
    else:
        net = load_network(params, activation=activation, backend=backend, dtype=precision)
    images, digits = load(dataset, data_dir)[0]
    if batch > len(images):
        raise ValueError(f"--batch must be at most {len(images)}, all there are; got {batch}")
    x, t = backend.asarray(images[:batch]), backend.asarray(digits[:batch])
    report = gradcheck(net, x, t, mode=mode.value, seed=seed)
    print(f"device: {backend}")
    print(f"data:   the first {x.shape[0]} training images of {dataset}\n")
    _print(report)
    return 0 if report.ok else 1


def _print(report: Report) -> None:
    head, *rows = report.rows()
    table = Table(*head, box=None, pad_edge=False)
    for entry, row in zip(report.entries, rows, strict=True):
        color = _COLORS[entry.verdict]
        cells = [escape(cell) for cell in row]
        table.add_row(cells[0], f"[{color}]{cells[1]}[/{color}]", *cells[2:])
    rich.print(table)
    for line in ("", *report.notes(), report.title()):
        print(line)
