"""`backprop info`: array libraries and devices that can be used here."""

import backends
from backprop.cli import tables
from backprop.cli.output import answer, record


def info() -> None:
    """List array libraries and devices, and the reason where one can't be used."""
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
