"""The command `backprop`: outside the package, so that Ctrl-C while that is imported is met."""

import sys


def main() -> None:
    """Run the command line; it ends in silence where Ctrl-C comes before it has begun."""
    try:
        from backprop.cli import main
    except KeyboardInterrupt:
        sys.exit(130)
    main()
