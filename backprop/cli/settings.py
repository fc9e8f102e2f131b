"""What a training run was asked for: kept in its checkpoints, and read back from there."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import typer

from backprop import History
from backprop.cli import recipe
from backprop.cli.digit_network import NetName
from backprop.cli.options import DTypeName
from backprop.cli.recipe import OptimizerName, ScheduleName
from backprop.layers.activation import ActivationName
from backprop.storage.checkpoint import load_checkpoint

_FREE = (
    *("device", "library", "data_dir", "iterations", "epochs", "checkpoint_every", "on_nan"),
    "compile",
)
"""What may be said beside `--resume`."""


@dataclass(frozen=True)
class Settings:
    """What a run was asked for; stands in its checkpoints."""

    dataset: str
    hidden: Sequence[int]
    activation: ActivationName
    batch_size: int
    lr: float
    dtype: DTypeName
    seed: int
    iterations: int | None
    epochs: int | None
    library: str
    device: str
    data_dir: str | None
    checkpoint_every: int
    on_nan: Literal["stop", "warn", "ignore"]
    net: NetName
    optimizer: OptimizerName
    lr_schedule: ScheduleName
    augment: str
    compile: bool = False

    def steps(self, samples: int) -> int:
        """Return how many steps there shall be, of so many samples an epoch."""
        return self.iterations or (self.epochs or 0) * -(-samples // self.batch_size)


def said(context: typer.Context) -> dict[str, Any]:
    """Return the arguments that were given, by name; not those that are defaults."""
    return {
        name: value
        for name, value in context.params.items()
        if name not in ("quiet", "verbose", "json")
        if getattr(context.get_parameter_source(name), "name", "") == "COMMANDLINE"
    }


def begun(checkpoint: Path) -> Settings:
    """Return what the run of a checkpoint was asked for when that was written."""
    return Settings(**json.loads(load_checkpoint(checkpoint).metadata["run"]))


def settings_of(checkpoint: Path, given: dict[str, Any], context: typer.Context) -> Settings:
    """Return what a run was asked for, with what is now said beside `--resume`.

    Raises
    ------
    ValueError
        When the checkpoint is of no run, says anything that the command line would not take, or
        what is now said is no matter of going on.
    """
    others = [f"--{name.replace('_', '-')}" for name in given if name not in (*_FREE, "resume")]
    if others:
        raise ValueError(f"--resume goes on as the run began; got {', '.join(others)} too")
    if not checkpoint.is_file():
        raise ValueError(
            "--resume must name the folder of a run that has a checkpoint; got "
            f"{given.get('resume', checkpoint)}"
        )
    try:
        settings = begun(checkpoint)
        _check(asdict(settings), context)
    except (KeyError, OverflowError, TypeError, ValueError) as error:
        what = str(error)[:200]
        raise ValueError(
            f"--resume must name a run of `backprop train`; {checkpoint}: {what}"
        ) from None
    new = {name: given[name] for name in given if name in _FREE}
    if "iterations" in new or "epochs" in new:
        new = {"iterations": None, "epochs": None, **new}
    if "data_dir" in new:
        new["data_dir"] = str(new["data_dir"].resolve())
    if "library" in new and "device" not in new:
        new["device"] = None
    return replace(settings, **new)


def _check(values: dict[str, Any], context: typer.Context) -> None:
    """Raise a ValueError unless each value is one that its option takes."""
    wide = values["hidden"]
    if not (isinstance(wide, list) and wide and all(type(n) is int and n > 0 for n in wide)):
        raise ValueError(f"hidden must be widths of 1 or more; got {wide!r:.80}")
    for option in context.command.params:
        value = values.get(option.name or "")
        if value is None or option.name == "hidden":  # as text there
            continue
        try:
            taken = option.process_value(context, value)
        except (typer.BadParameter, TypeError, ValueError) as error:
            raise ValueError(f"{option.name}: {error}; got {value!r:.80}") from None
        plain = str(taken) if isinstance(taken, Path) else getattr(taken, "value", taken)
        if type(plain) is not type(value) or plain != value:
            raise ValueError(f"{option.name} must be as on the command line; got {value!r:.80}")
    recipe.moves(values["augment"])


def config(settings: Settings, history: History, iterations: int) -> dict[str, Any]:
    """Return what `config.json` says, with the iterations that were asked for."""
    hidden = list(settings.hidden)
    return {
        **{name: getattr(settings, name) for name in ("dataset", "library", "device")},
        "net": settings.net,
        "hidden": hidden[0] if len(hidden) == 1 else hidden,
        "activation": settings.activation,
        "iterations": iterations,
        "batch_size": settings.batch_size,
        "optimizer": settings.optimizer,
        "lr": settings.lr,
        "lr_schedule": settings.lr_schedule,
        "augment": settings.augment,
        "compile": settings.compile,
        "dtype": settings.dtype,
        "seed": settings.seed,
        "interrupted": history.interrupted,
        "seconds": round(history.seconds, 3),
    }
