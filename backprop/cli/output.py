"""Lines on the terminal, which may go away while a program runs."""

import contextlib
import os
import sys


def say(text: str = "") -> None:
    """Print a line at once; if nobody can read it any more, go on without."""
    try:
        print(text, flush=True)
    except OSError as error:
        if not isinstance(error, BrokenPipeError):
            warn(f"the output can't be written, and the run goes on without: {error}")
        silence()


def warn(text: str) -> None:
    """Print a warning in one line to the standard error."""
    with contextlib.suppress(OSError):
        print(f"backprop: warning: {' '.join(text.split())}", file=sys.stderr, flush=True)


def silence() -> None:
    """Send to nowhere what is printed from now on, and what waits to be."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    with contextlib.suppress(OSError, ValueError):
        os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
    sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - for the rest of the run
