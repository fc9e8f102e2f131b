"""`backprop info`: array libraries and devices that can be used here."""

import rich
from rich.markup import escape
from rich.table import Table

import backends


def info() -> None:
    """List array libraries and devices, and the reason where one can't be used."""
    table = Table("library", "version", "devices", box=None, pad_edge=False)
    for found in backends.available():
        usable = ", ".join(found.devices) or "none"
        if found.reason is not None:
            usable += f": {escape(found.reason)}"
        table.add_row(found.library, found.version or "-", usable)
    rich.print(table)
    try:
        print(f"\nselected: {backends.select()}")
    except backends.DeviceUnavailableError as error:
        print(f"\nselected: none; {error}")
