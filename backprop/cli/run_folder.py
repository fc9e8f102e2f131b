"""The folder of a training run: what may stand there, and the order in which it is written."""

import contextlib
import itertools
import json
import os
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from backprop import History, Network, plotting, save_network
from backprop.cli.output import say
from backprop.storage.writing import together, write
from backprop.training.checkpoints import BEST, LAST, history_of

RESULTS = ("params.safetensors", "history.csv", "config.json", "accuracy.png")
FILES = (*RESULTS, LAST, BEST)


def check_output(out: Path | None, overwrite: bool) -> None:
    """See before anything else that no earlier results are lost; there are none in a new folder.

    Raises
    ------
    ValueError
        When they would be, or `out` is no folder.
    """
    if out is None:
        return
    if out.exists() and not out.is_dir():
        raise ValueError(f"--out must be a folder; {out} is a file")
    old = [name for name in FILES if (out / name).exists()]
    if old and not overwrite:
        raise ValueError(
            f"--out must hold no earlier results; {out} holds {', '.join(old)}: "
            "give another folder, or --overwrite"
        )


def check_goes_on(checkpoint: Path, done: int) -> None:
    """See that a run that goes on from a checkpoint has not gone farther already.

    Raises
    ------
    ValueError
        When the last checkpoint beside it has more than so many iterations, which would be lost.
    """
    last = history_of(checkpoint.parent / LAST)
    if last is not None and len(last.loss) > done:
        raise ValueError(
            f"--resume must lose nothing of a run; {checkpoint} has {done:,} iterations, and "
            f"{LAST} beside it {len(last.loss):,}: copy the first into a folder of its own to go "
            "on from there"
        )


def output_folder(out: Path | None, dataset: str) -> Path:
    """Make the folder, and see before training that it can be written."""
    folder = out or Path("runs")
    try:
        folder = _new_folder(dataset) if out is None else out
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            return folder
    except OSError as error:
        raise ValueError(f"--out must be a folder that can be written; {folder}: {error}") from None


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep other runs out of a folder, where the system has locks; they end with the process.

    Raises
    ------
    ValueError
        When another run writes there.
    """
    try:
        import fcntl
    except ModuleNotFoundError:  # on Windows
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ValueError(
                f"--out must be a folder that no other run writes to; one does to {folder}"
            ) from None
        except OSError:
            pass  # the file system has no locks
        yield
    finally:
        os.close(descriptor)


def _new_folder(dataset: str) -> Path:
    """Make a folder in runs/ that no other run has, also none of the same second."""
    stem = f"{dataset}-{datetime.now():%Y%m%d-%H%M%S}"
    Path("runs").mkdir(exist_ok=True)
    for number in itertools.count(1):
        folder = Path("runs") / (stem if number == 1 else f"{stem}-{number}")
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        break
    return folder


def write_results(
    folder: Path, net: Network | None, history: History, config: Mapping[str, Any]
) -> None:
    """Write parameters, history and configuration; then the picture, which may fail in any way.

    Parameters
    ----------
    folder : Path
        The run's.
    net : Network or None
        None when there are no parameters worth keeping; then those of an earlier run are kept,
        with all that belongs to them.
    history : History
        Of the training.
    config : mapping
        What the run was asked for and did, in JSON values.
    """
    params, table, settings, picture = (folder / name for name in RESULTS)
    if net is None and params.exists():
        return
    with together((params, table, settings) if net else (table, settings)) as partial:
        if net:
            save_network(partial[params], net)
        history.to_csv(partial[table])
        write(partial[settings], (json.dumps(config, indent=2) + "\n").encode())
        picture.unlink(missing_ok=True)
    _draw(picture, history)


def _draw(path: Path, history: History) -> None:
    """Draw the accuracies; whatever fails there, the results are on the disk already."""
    try:
        plotting.save(plotting.accuracy_curves(history), path)
    except Exception as error:  # a picture is optional, and can fail in any way
        path.unlink(missing_ok=True)
        say(f"no {path.name}: {str(error) or type(error).__name__}")
