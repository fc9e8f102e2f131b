"""The program of all commands; turns errors into one line and an exit code."""

import sys
from typing import Annotated

import typer

import backprop
from backprop.cli import bench, check, demo, evaluate, info, predict, train

app = typer.Typer(
    name="backprop",
    help="Neural networks with hand-derived backward passes, on any Array API library.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
)
app.command("train")(train.train)
app.command("evaluate")(evaluate.evaluate)
app.command("predict")(predict.predict)
app.command("check")(check.check)
app.command("bench")(bench.bench)
app.command("demo")(demo.demo)
app.command("info")(info.info)


def _version(show: bool) -> None:
    if show:
        typer.echo(f"backprop {backprop.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


def run(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    try:
        code = app(arguments, standalone_mode=False)
    except typer.Abort:
        return 130
    except typer.TyperException as error:
        return _fail(error.format_message())
    except (OSError, RuntimeError, TypeError, ValueError, ImportError) as error:
        return _fail(str(error))
    except Exception as error:  # whatever it is, a user of the command line gets one line
        return _fail(f"{type(error).__name__}: {error}")
    return code if isinstance(code, int) else 0


def _fail(message: str) -> int:
    if message:
        print(f"backprop: error: {' '.join(message.split())}", file=sys.stderr)
    return 2
