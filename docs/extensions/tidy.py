"""Pages as they are read: the options of all commands, notebooks to download, tidy doctests."""

import subprocess
import sys
from typing import Any

PLACE = "<!-- every command and its options -->"


def setup(app: Any) -> dict[str, bool]:
    """Let Sphinx call what changes the text of a page."""
    app.connect("source-read", _drop_empty_lines)
    app.connect("source-read", _write_commands)
    app.connect("source-read", _offer_notebook)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _drop_empty_lines(app: Any, page: str, source: list[str]) -> None:
    """Drop the empty line that a doctest needs before the end of its block."""
    source[0] = source[0].replace("\n\n```\n", "\n```\n")


def _write_commands(app: Any, page: str, source: list[str]) -> None:
    """Put in what the program itself says of its commands."""
    if PLACE in source[0]:
        source[0] = source[0].replace(PLACE, commands())


def _offer_notebook(app: Any, page: str, source: list[str]) -> None:
    """Let a reader download a page that is a notebook, where it names its file."""
    source[0] = source[0].replace(f"`{page}.ipynb`", f"{{download}}`{page}.ipynb`")


def commands() -> str:
    """Return a section for each command, in Markdown, without the page's own title."""
    command = [sys.executable, "-m", "typer", "backprop.cli.app", "utils", "docs"]
    told = subprocess.run(
        [*command, "--name", "backprop"], capture_output=True, check=True, encoding="utf-8"
    )
    return told.stdout[told.stdout.index("## `backprop ") :]
