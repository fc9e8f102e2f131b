"""How the pages become a site: `make docs`."""

import ast
from pathlib import Path
from typing import Any

import backprop

project = "backprop"
copyright = "The backprop developers"
version = release = backprop.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
]
exclude_patterns = ["_build"]
default_role = "code"

autodoc_default_options = {"members": True}
autodoc_member_order = "bysource"
autodoc_typehints = "none"
toc_object_entries = False
napoleon_google_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False
myst_heading_anchors = 3

html_theme = "furo"
html_title = "backprop"
html_static_path = ["static"]
html_css_files = ["pages.css"]


def setup(app: Any) -> None:
    """Let Sphinx call what changes the text of a page."""
    app.connect("source-read", tidy)
    app.connect("source-read", fill_in)


def tidy(app: Any, page: str, source: list[str]) -> None:
    """Drop the empty line that a doctest needs before the end of its block."""
    source[0] = source[0].replace("\n\n```\n", "\n```\n")


def fill_in(app: Any, page: str, source: list[str]) -> None:
    """Put the public names of `backprop` where the API page wants them."""
    names = "\n".join(f"   ~{name}" for name in public_names())
    source[0] = source[0].replace("   PUBLIC NAMES\n", f"{names}\n")


def public_names() -> list[str]:
    """Return the public names with the package that documents each: `backprop.layers.Relu`."""
    stub = Path(backprop.__file__).with_suffix(".pyi")
    imports = [
        node
        for node in ast.parse(stub.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ImportFrom)
    ]
    return [
        ".".join(["backprop", *filter(None, [node.module]), alias.name])
        for node in imports
        for alias in node.names
    ]
