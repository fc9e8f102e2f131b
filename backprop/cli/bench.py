"""`backprop bench`: time of one gradient by each method, against network size."""

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

import backends
from backprop import plotting
from backprop.bench import GradientTimes, exponent, time_chart, time_gradients
from backprop.bench.gradient_times import METHODS, SIZES
from backprop.cli.computing import say_device
from backprop.cli.options import DeviceOption, DTypeName, LibraryOption, make_folder, out_option
from backprop.cli.output import answer, record, say, warn


def bench(
    device: DeviceOption = None,
    library: LibraryOption = None,
    batch: Annotated[int, typer.Option(min=1, help="Number of samples in a batch.")] = 100,
    dtype: Annotated[
        DTypeName | None,
        typer.Option(help="Dtype of the networks.", show_default="float64 where the device has it"),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Small networks only: seconds, not a minute.")
    ] = False,
    out: Annotated[Path | None, out_option("runs/bench-DATE-TIME")] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the results of an earlier bench in --out.")
    ] = False,
) -> None:
    """Time a gradient by each method, against network size.

    Shows times and ratios; writes them as JSON, and as a chart with fitted exponents.
    """
    backend = backends.select(device, library)
    precision = dtype or ("float64" if backend.has_float64 else "float32")
    folder = out or Path("runs") / f"bench-{datetime.now():%Y%m%d-%H%M%S}"
    if (folder / "bench.json").exists() and not overwrite:
        raise ValueError(
            f"--out must hold no earlier results; {folder} holds bench.json: "
            "give another folder, or --overwrite"
        )
    make_folder(folder)
    say_device(backend, f", {precision}, batch {batch}")
    say()
    say(
        f"{'network':>10} {'parameters':>10} {'backprop':>10} {'numerical':>10} {'loop':>11} "
        f"{'numerical':>10} {'loop':>9}\n"
        f"{'':>10} {'':>10} {'ms':>10} {'ms':>10} {'ms':>11} {'/backprop':>10} {'/numerical':>10}"
    )
    times = []
    sizes = SIZES[:4] if quick else SIZES
    for each in time_gradients(backend, sizes, batch, precision, 0.3 if quick else 2.0):
        times.append(each)
        say(_row(each))
    if any(each.estimated for each in times):
        say("~ estimated: that many forward passes; running them would take minutes")
    exponents = {method: round(exponent(times, method), 2) for method in METHODS}
    powers = ", ".join(f"{method} {power}" for method, power in exponents.items())
    say(f"\ntime grows with the number of parameters to the power of: {powers}")
    result = {
        "library": backend.name,
        "device": backend.device_name,
        "dtype": precision,
        "batch": batch,
        "exponents": exponents,
        "times": [asdict(each) for each in times],
    }
    _write(folder, result, times)
    record(result)
    answer(f"written to {folder}")


def _write(folder: Path, result: dict[str, Any], times: list[GradientTimes]) -> None:
    text = json.dumps(result, indent=2) + "\n"
    (folder / "bench.json").write_text(text, encoding="utf-8")
    try:
        plotting.save(time_chart(times), folder / "bench.png")
    except ModuleNotFoundError as error:
        warn(f"no bench.png: {error}")


def _row(times: GradientTimes) -> str:
    mark = "~" if times.estimated else " "
    return (
        f"{times.size:>10} {times.parameters:>10,} {1e3 * times.backprop:>10.3f} "
        f"{1e3 * times.fast:>10.3f} {mark}{1e3 * times.loop:>10,.1f} "
        f"{times.fast / times.backprop:>10.1f} {times.loop / times.fast:>10.1f}"
    )
