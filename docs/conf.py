"""How the pages become a site: `make docs`."""

import sys
from pathlib import Path
from typing import Any

import backprop

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "extensions"))

project = "backprop"
copyright = "The backprop developers"
version = release = backprop.__version__

extensions = [
    "formulas",
    "tidy",
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
]
templates_path = ["templates"]
exclude_patterns = ["_build"]
default_role = "code"

autosummary_ignore_module_all = False
autodoc_member_order = "bysource"
autodoc_typehints = "none"
toc_object_entries = False
napoleon_google_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
suppress_warnings = ["ref.python"]  # several classes have a `dtype`, a `W`: any of them will do

nb_execution_mode = "force"
nb_execution_timeout = 300
nb_execution_raise_on_error = True
nb_merge_streams = True

copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

html_theme = "furo"
html_title = "backprop"
html_math_renderer = "mathml"
html_static_path = ["static"]
html_css_files = ["pages.css"]
html_copy_source = False
html_show_sourcelink = False


def _is_of_scikit_learn(
    app: Any, what: str, name: str, member: Any, skip: bool, options: Any
) -> bool | None:
    """Leave out what estimators inherit: scikit-learn's own pages describe it."""
    return True if str(getattr(member, "__module__", "")).startswith("sklearn.") else None


def setup(app: Any) -> None:
    """Tell Sphinx what is left out."""
    app.connect("autodoc-skip-member", _is_of_scikit_learn)
