"""`backprop info`: array libraries and devices that can be used here, or what a file holds."""

from pathlib import Path
from typing import Annotated

import typer

import backends
from backprop import summary
from backprop.cli import tables
from backprop.cli.digit_network import sample_shape
from backprop.cli.options import load_digit_network
from backprop.cli.output import answer, record


def info(
    params: Annotated[
        Path | None,
        typer.Option(
            help="File with parameters, to list its layers.", show_default="libraries and devices"
        ),
    ] = None,
) -> None:
    """List array libraries and devices, and the reason where one can't be used."""
    if params is not None:
        _layers(params)
        return
    rows = []
    found = backends.available()
    for each in found:
        usable = ", ".join(each.devices) or "none"
        why_not = "" if each.reason is None else f": {each.reason}"
        rows.append([each.library, each.version or "-", usable + why_not])
    tables.show(["library", "version", "devices"], rows)
    reason: str | None = None
    try:
        selected = str(backends.select())
    except backends.DeviceUnavailableError as error:
        selected, reason = "none", str(error)
    answer(f"\nselected: {selected}" + (f"; {reason}" if reason else ""))
    record(
        {
            "libraries": [each._asdict() for each in found],
            "selected": None if reason else selected,
            "reason": reason,
        }
    )


def _layers(params: Path) -> None:
    """List the layers of the network that a file holds."""
    net = load_digit_network(params, None, backends.host(), None)
    found = summary(net, sample_shape(net))
    head = ["layer", "kind", "output", "parameters"]
    cells = [
        [row.name, row.kind, " x ".join(map(str, row.output)), f"{row.parameters:,}"]
        for row in found.rows
    ]
    tables.show(head, cells, right=["parameters"])
    answer(f"\n{found.parameters:,} parameters, {net.dtype}, then {type(net.last_layer).__name__}")
    layers = [row._asdict() for row in found.rows]
    record({"params": str(params), "parameters": found.parameters, "layers": layers})
