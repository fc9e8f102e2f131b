"""`backprop check`: hand-derived gradients of a network against numerical ones, on real digits."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

import backends
from backprop import Network, gradcheck
from backprop.cli import tables
from backprop.cli.computing import say_device
from backprop.cli.digit_network import chosen, digit_network, sample_shape
from backprop.cli.options import (
    DataDirOption,
    Dataset,
    DatasetOption,
    DeviceOption,
    DTypeName,
    LibraryOption,
    load,
    load_digit_network,
)
from backprop.cli.output import answer, chatty, leads, manner, record, say
from backprop.gradients import Report, Verdict
from backprop.layers.activation import ActivationName
from backprop.parallel import world


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
        str | None,
        typer.Option(
            metavar="<int,...>",
            help="Width of the hidden layer of a new network; several, such as 100,50.",
            show_default="50",
        ),
    ] = None,
    activation: Annotated[
        ActivationName | None,
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

    The exit code is 1 if a gradient is wrong. Under mpiexec the processes share the work.
    """
    manner.ranks = world()
    backend = backends.select(device, library)
    precision = backend.widest if dtype is None else dtype
    if params is not None and hidden is not None:
        raise ValueError("one of --params and --hidden must be given; got both")
    if params is None:
        kind, wide, between = chosen(None, hidden, activation)
        net: Network = digit_network(kind, wide, between, precision, backend, seed)
    else:
        net = load_digit_network(params, activation, backend, precision)
    images, digits = load(dataset, data_dir)[0]
    if batch > len(images):
        raise ValueError(f"--batch must be at most {len(images)}, all there are; got {batch}")
    images = images[:batch].reshape(-1, *sample_shape(net))
    x, t = backend.asarray(images), backend.asarray(digits[:batch])
    report = gradcheck(net, x, t, mode=mode.value, seed=seed, communicator=manner.ranks)
    say_device(backend)
    say(f"data:   the first {x.shape[0]} training images of {dataset}\n")
    _print(report)
    record(_as_json(report))
    return 0 if report.ok else 1


def _print(report: Report) -> None:
    head, *rows = report.rows()
    if chatty() and leads():
        colors = {(k, 1): _COLORS[entry.verdict] for k, entry in enumerate(report.entries)}
        tables.show(head, rows, styles=colors)
        say()
    for line in (*report.notes(), report.title()):
        answer(line)


def _as_json(report: Report) -> dict[str, Any]:
    return {
        "ok": report.ok,
        "title": report.title(),
        "gradients": [
            {
                "name": entry.name,
                "shape": entry.shape,
                "verdict": entry.verdict.value,
                "reason": entry.reason,
                "index": entry.index,
                "analytic": entry.analytic,
                "numerical": entry.numerical,
                "error": entry.error,
                "checked": entry.checked,
            }
            for entry in report.entries
        ],
        "notes": list(report.notes()),
    }
