"""What all commands share: `-q`, `-v`, `--json`, and `-h`."""

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from backprop.cli.output import manner

Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print the answer only; no progress.")]
Verbose = Annotated[
    bool,
    typer.Option("--verbose", "-v", help="Print versions too; of an error, where it was."),
]
Json = Annotated[bool, typer.Option("--json", help="Print the answer as JSON, and nothing else.")]


class _Flags:
    """A command in whose help no flag looks as if it needed a value."""

    def get_params(self, ctx: Any) -> Any:
        """Return the parameters."""
        params = super().get_params(ctx)  # type: ignore[misc]
        for param in params:
            if getattr(param, "is_flag", False):
                param.metavar = ""
        return params


class Command(_Flags, TyperCommand):
    """One command."""


class Group(_Flags, TyperGroup):
    """All commands."""


def common(command: Callable[..., Any]) -> Callable[..., Any]:
    """Return a command that takes how it shall speak, too."""

    @functools.wraps(command)
    def run(*args: Any, quiet: bool, verbose: bool, json: bool, **kwargs: Any) -> Any:
        if quiet and verbose:
            raise ValueError("one of --quiet and --verbose must be given; got both")
        manner.quiet, manner.verbose, manner.json = quiet, verbose, json
        return command(*args, **kwargs)

    own = inspect.signature(command)
    shared = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=kind)
        for name, kind in {"quiet": Quiet, "verbose": Verbose, "json": Json}.items()
    ]
    run.__signature__ = own.replace(parameters=[*own.parameters.values(), *shared])  # type: ignore[attr-defined]
    run.__annotations__ = {p.name: p.annotation for p in shared} | command.__annotations__
    return run
