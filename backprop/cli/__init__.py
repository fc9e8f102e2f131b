"""The command line: `backprop train | evaluate | predict | check | bench | demo | info`."""

import sys

from backends.distribution import pip_install


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; an error is one line on stderr, and exit code 2."""
    try:
        from backprop.cli.app import run
    except ModuleNotFoundError as error:
        if error.name not in ("typer", "rich"):
            raise
        print(f"backprop: the command line needs: {pip_install('cli')}", file=sys.stderr)
        sys.exit(2)
    sys.exit(run(arguments))
