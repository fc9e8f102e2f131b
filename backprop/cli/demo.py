"""`backprop demo`: the book's programs of chapters 2 to 8."""

from pathlib import Path
from typing import Annotated

import typer

import backends
from backprop import demos
from backprop.cli.options import (
    DataDirOption,
    Dataset,
    DatasetOption,
    DeviceOption,
    LibraryOption,
    load,
    out_option,
)
from backprop.cli.output import answer, manner, record, say


def _completed(incomplete: str) -> list[str]:
    """Return the programs that a shell offers for the beginning of a name."""
    return [each for each in demos.NAMES if each.startswith(incomplete)]


def demo(
    name: Annotated[
        str | None,
        typer.Argument(help="Program to run; lists them if omitted.", autocompletion=_completed),
    ] = None,
    out: Annotated[Path | None, out_option("no pictures")] = None,
    dataset: DatasetOption = Dataset.SAMPLE,
    data_dir: DataDirOption = None,
    device: DeviceOption = None,
    library: LibraryOption = None,
    params: Annotated[
        Path | None,
        typer.Option(help="File with trained parameters, for the programs that look at a network."),
    ] = None,
) -> None:
    """Run a program of the book, or list them all."""
    if name is None:
        programs = {each: demos.summary(each) for each in demos.NAMES}
        for each, what in programs.items():
            answer(f"{each:21} {what}")
        record(programs)
        return
    if manner.json:
        raise ValueError("--json needs the list of programs; a program prints lines of its own")
    demos.summary(name)  # an unknown name is the first thing to say
    if params is not None and name not in demos.TAKE_PARAMS:
        allowed = ", ".join(demos.TAKE_PARAMS)
        raise ValueError(f"--params needs one of the demos {allowed}; got {name}")
    if out is not None and out.exists() and not out.is_dir():
        raise ValueError(f"--out must be a folder; {out} is a file")
    backend = backends.select(device, library)
    settings = demos.Settings(backend, out, lambda: load(dataset, data_dir), params)
    demos.run(name, settings)
    if out is not None and not settings.pictures:
        say("no picture: this program draws none")
