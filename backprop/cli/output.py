"""What a command says: how much, to whom, and what happens when nobody can read it any more."""

import contextlib
import json
import math
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from backprop.parallel import MPICommunicator


@dataclass
class Manner:
    """How a command speaks.

    Attributes
    ----------
    quiet : bool
        Its answer only, without what goes on meanwhile.
    verbose : bool
        More: where an error came from, which versions compute.
    json : bool
        One JSON document, and nothing else, on the standard output.
    ranks : MPICommunicator or None
        The processes that run it together; the first one alone speaks, but for errors.
    kept : bool
        Whether files hold the answer, so that nothing is lost where it can't be printed.
    lost : bool
        Whether something could not be printed, though somebody may wait for it.
    """

    quiet: bool = False
    verbose: bool = False
    json: bool = False
    ranks: MPICommunicator | None = None
    kept: bool = False
    lost: bool = False


manner = Manner()
"""That of the command that runs; `backprop.cli.common` sets it."""


def leads() -> bool:
    """Tell whether this process speaks and writes: it is the only one, or the first."""
    return manner.ranks is None or manner.ranks.rank == 0


def end_all(code: int) -> int:
    """End the other processes too, if there are any, and return the exit code."""
    if manner.ranks is not None:
        manner.ranks.abort(code)
    return code


def chatty() -> bool:
    """Tell whether more than the answer is wanted."""
    return not (manner.quiet or manner.json)


def answering() -> bool:
    """Tell whether the answer is wanted in words."""
    return not manner.json


def say(text: str = "") -> None:
    """Print a line of what goes on, at once."""
    if chatty():
        _print(text)


def answer(text: str = "") -> None:
    """Print a line of the answer, at once."""
    if answering():
        _print(text)


def detail(text: str) -> None:
    """Print a line that is wanted with `--verbose` only."""
    if manner.verbose and answering():
        _print(text)


def record(result: Mapping[str, Any]) -> None:
    """Print the answer as JSON, if it is wanted so."""
    if manner.json:
        _print(json.dumps(_finite(result), indent=2, default=str, allow_nan=False))


def _finite(value: Any) -> Any:
    """Return a value as JSON has it: there a number that is not finite is null."""
    if isinstance(value, Mapping):
        return {name: _finite(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _print(text: str) -> None:
    """Print a line at once; if nobody can read it any more, go on without."""
    if not leads():
        return
    try:
        print(text, flush=True)
    except OSError as error:
        if not isinstance(error, BrokenPipeError):
            manner.lost = True
            warn(f"the output can't be written, and the run goes on without: {error}")
        silence()


def warn(text: str) -> None:
    """Print a warning in one line to the standard error."""
    if not leads():
        return
    with contextlib.suppress(OSError):
        print(f"backprop: warning: {' '.join(text.split())}", file=sys.stderr, flush=True)


def silence() -> None:
    """Send to nowhere what is printed from now on, and what waits to be."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    with contextlib.suppress(OSError, ValueError):
        os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
    sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - for the rest of the run
