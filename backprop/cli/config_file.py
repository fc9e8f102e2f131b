"""`config.json` of a run, written with versions and read back: `backprop train --config`."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

READ = {
    "dataset",
    "library",
    "device",
    "net",
    "hidden",
    "activation",
    "iterations",
    "batch_size",
    "optimizer",
    "lr",
    "lr_schedule",
    "augment",
    "compile",
    "dtype",
    "seed",
}
TOLD = {"interrupted", "died", "seconds", "versions"}  # what came of that run


def _read(context: typer.Context, path: Path | None) -> None:
    """Let the options be as a file says where the command line says nothing."""
    if path is not None:
        context.default_map = options(path)


def options(path: Path) -> dict[str, Any]:
    """Return the options of `train` that a file holds.

    Raises
    ------
    ValueError
        When it can't be read, or is no `config.json`.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"--config must be a file; got {path}: {error.strerror}") from None
    except ValueError as error:
        raise ValueError(f"--config must be JSON; {path}: {error}") from None
    if not isinstance(values, dict) or not values:
        raise ValueError(f"--config must hold options by name, as config.json does; got {path}")
    unknown = sorted(set(values) - READ - TOLD)
    if unknown:
        raise ValueError(
            f"--config may hold {', '.join(sorted(READ))}; {path} holds {', '.join(unknown)}"
        )
    found = {name: value for name, value in values.items() if name in READ and value is not None}
    for name, value in found.items():
        if isinstance(value, bool) != (name == "compile"):
            kind = "true or false" if name == "compile" else "no truth value"
            raise ValueError(f"--{name.replace('_', '-')} must be {kind} in {path}; got {value!r}")
    if isinstance(found.get("hidden"), list):
        found["hidden"] = ",".join(map(str, found["hidden"]))
    elif "hidden" in found:
        found["hidden"] = str(found["hidden"])
    return found


ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        is_eager=True,
        callback=_read,
        help="The config.json of a run, to train as it did; other options given win.",
    ),
]
