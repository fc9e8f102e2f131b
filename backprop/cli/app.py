"""The program of all commands; turns errors into one line and an exit code."""

import sys
import traceback
from collections.abc import Callable
from typing import Annotated, Any

import typer

import backprop
from backprop.cli import bench, check, demo, evaluate, export, info, predict, train
from backprop.cli.common import Command, Group, common
from backprop.cli.output import Manner, end_all, manner
from backprop.cli.terminal import width
from backprop.cli.words import of_system, own_words

app = typer.Typer(
    name="backprop",
    help="Neural networks with hand-derived backward passes, on any Array API library.",
    epilog="First steps: backprop train, then the command that it prints. Options stand after "
    "the command: backprop train --help.",
    cls=Group,
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
_EXAMPLES: dict[Callable[..., Any], str] = {
    train.train: "backprop train --net simple-conv --optimizer adam --epochs 5 --out runs/conv",
    evaluate.evaluate: "backprop evaluate --params runs/latest/params.safetensors",
    predict.predict: "backprop predict --params runs/latest/params.safetensors photo.png",
    export.export: "backprop export --params runs/latest/params.safetensors model.onnx",
    check.check: "backprop check --activation tanh --batch 10 --mode sampled",
    bench.bench: "backprop bench --quick",
    demo.demo: "backprop demo apple --out pictures",
    info.info: "backprop info --json",
}
for _command, _example in _EXAMPLES.items():
    app.command(_command.__name__, cls=Command, epilog=f"Example: {_example}")(common(_command))


def _version(show: bool) -> None:
    if show:
        typer.echo(f"backprop {backprop.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    pass


def run(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    vars(manner).update(vars(Manner()))
    app.rich_markup_mode = None if (width() or 80) < 60 else "rich"  # a table would be cut
    try:
        code = app(arguments, prog_name="backprop", standalone_mode=False)
    except typer.Abort:
        return 130
    except typer.TyperException as error:
        return _fail(own_words(error))
    except (OSError, RuntimeError, TypeError, ValueError, ImportError) as error:
        return _fail(of_system(error))
    except MemoryError as error:
        return _fail(f"there is too little memory: {error}")
    except Exception as error:  # whatever it is, a user of the command line gets one line
        return _fail(f"{type(error).__name__}: {error}")
    if manner.lost and not (code or manner.kept):
        return 1
    return code if isinstance(code, int) else 0


def _fail(message: str) -> int:
    if manner.ranks is not None:
        manner.ranks.first_to_fail()
    if manner.verbose:
        traceback.print_exc()
    if message:
        print(f"backprop: error: {' '.join(message.split())}", file=sys.stderr)
    return end_all(2)
