"""`backprop bench`: what the gradient costs by each way, on the device you name."""

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

import backends
from backprop.cli.options import DeviceOption, DTypeName, LibraryOption
from backprop.costs import SIZES, Cost, exponent, gradient_costs

_WAYS = ("backprop", "fast", "loop")


def bench(
    device: DeviceOption = None,
    library: LibraryOption = None,
    batch: Annotated[int, typer.Option(min=1, help="Samples in a batch.")] = 100,
    dtype: Annotated[DTypeName, typer.Option(help="Of the networks.")] = DTypeName.FLOAT64,
    quick: Annotated[
        bool, typer.Option("--quick", help="Fewer and smaller networks: seconds, not a minute.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the results; runs/bench-DATE-TIME if not given.")
    ] = None,
) -> None:
    """Compare backpropagation with numerical gradients, over the number of parameters.

    Shows the times and their ratios; writes them as JSON, and a chart with fitted exponents.
    """
    backend = backends.select(device, library)
    folder = out or Path("runs") / f"bench-{datetime.now():%Y%m%d-%H%M%S}"
    if (folder / "bench.json").exists():
        raise ValueError(f"--out must hold no earlier results; {folder} holds bench.json")
    folder.mkdir(parents=True, exist_ok=True)
    print(f"device: {backend}, {dtype}, batch {batch}\n")
    print(
        f"{'network':>10} {'parameters':>10} {'backprop':>10} {'numerical':>10} {'loop':>11} "
        f"{'numerical':>10} {'loop':>9}\n"
        f"{'':>10} {'':>10} {'ms':>10} {'ms':>10} {'ms':>11} {'/backprop':>10} {'/numerical':>10}"
    )
    costs = []
    sizes = SIZES[:4] if quick else SIZES
    for cost in gradient_costs(backend, sizes, batch, dtype, 0.3 if quick else 2.0):
        costs.append(cost)
        print(_row(cost), flush=True)
    if any(cost.estimated for cost in costs):
        print("~ estimated: that many forward passes; running them would take minutes")
    exponents = {way: round(exponent(costs, way), 2) for way in _WAYS}
    powers = ", ".join(f"{way} {power}" for way, power in exponents.items())
    print(f"\ntime grows with the number of parameters to the power of: {powers}")
    result = {
        "library": backend.name,
        "device": backend.device_name,
        "dtype": dtype,
        "batch": batch,
        "exponents": exponents,
        "costs": [asdict(cost) for cost in costs],
    }
    (folder / "bench.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    try:
        from backprop import plotting

        plotting.save(plotting.cost_chart(costs), folder / "bench.png")
    except ModuleNotFoundError as error:
        print(f"no bench.png: {error}")
    print(f"written to {folder}")


def _row(cost: Cost) -> str:
    mark = "~" if cost.estimated else " "
    times = (1e3 * cost.backprop, 1e3 * cost.fast)
    return (
        f"{cost.size:>10} {cost.parameters:>10,} {times[0]:>10.3f} {times[1]:>10.3f} "
        f"{mark}{1e3 * cost.loop:>10,.1f} {cost.fast / cost.backprop:>10.1f} "
        f"{cost.loop / cost.fast:>10.1f}"
    )
