"""The command line: `backprop train`, `evaluate`, `predict`, `export`, `check` and others."""

import sys

from backends.distribution import pip_install
from backprop import __version__
from backprop.cli.terminal import prepare


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; an error is one line on stderr, and exit code 2."""
    prepare()
    given = sys.argv[1:] if arguments is None else arguments
    try:
        from backprop.cli.app import run

        code = run(arguments)
    except ModuleNotFoundError as error:
        if error.name not in ("typer", "rich"):
            raise
        if given == ["--version"]:
            print(f"backprop {__version__}")
            sys.exit(0)
        print(f"backprop: the command line needs: {pip_install('cli')}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(code)
