"""How the pages become a site: `make docs`."""

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
    """Let Sphinx call `tidy`."""
    app.connect("source-read", tidy)


def tidy(app: Any, page: str, source: list[str]) -> None:
    """Drop the empty line that a doctest needs before the end of its block."""
    source[0] = source[0].replace("\n\n```\n", "\n```\n")
