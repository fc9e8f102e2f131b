"""What makes a site of the pages: formulas, and the options of all commands."""

import importlib.util
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import backprop.cli.app as program

DOCS = Path(__file__).parents[2] / "docs"
TEX = re.compile(r"\$\$\n(.*?)\n\$\$|(?<!\$)\$([^$\n]+)\$(?!\$)", re.S)


def extension(name):
    """Return an extension of the site as a module."""
    spec = importlib.util.spec_from_file_location(name, DOCS / "extensions" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_command_and_option_is_on_the_page():
    tidy = extension("tidy")
    assert tidy.PLACE in (DOCS / "command-line.md").read_text(encoding="utf-8")
    shown = tidy.commands()
    names = [command.name for command in program.app.registered_commands]
    assert re.findall(r"^## `backprop (\S+)`$", shown, re.M) == names
    assert "* `--epochs" in shown
    assert "* `--params" in shown


def test_a_page_gets_the_commands_and_loses_empty_lines():
    tidy = extension("tidy")
    source = [f"a\n\n```\n\n{tidy.PLACE}\n"]
    tidy._drop_empty_lines(None, "page", source)
    assert source[0].startswith("a\n```\n")
    tidy._write_commands(None, "page", source)
    assert "## `backprop train`" in source[0]
    assert tidy.PLACE not in source[0]


def test_a_notebook_is_offered_on_its_own_page_only():
    source = ["see `gallery.ipynb` and `other.ipynb`"]
    extension("tidy")._offer_notebook(None, "gallery", source)
    assert source == ["see {download}`gallery.ipynb` and `other.ipynb`"]
    for name in ("gallery", "quick-start"):
        assert f"`{name}.ipynb`" in (DOCS / f"{name}.ipynb").read_text(encoding="utf-8")


def formulas():
    """Return the formulas on the pages of derivations, and whether each is displayed."""
    for page in sorted(DOCS.glob("deriv*.md")):
        text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
        for displayed, inline in TEX.findall(re.sub(r"`[^`\n]*`", "", text)):
            yield displayed or inline, bool(displayed)


def test_every_formula_becomes_mathml():
    mathml = extension("formulas")._mathml
    found = list(formulas())
    assert len(found) > 100
    for tex, displayed in found:
        tree = ET.fromstring(mathml(tex, displayed).replace("&ApplyFunction;", ""))
        assert tree.tag == "{http://www.w3.org/1998/Math/MathML}math"
        assert tree.get("display") == ("block" if displayed else None)


def test_a_space_stands_before_what_a_logarithm_is_taken_of():
    mathml = extension("formulas")._mathml
    assert '<mspace width="0.17em">' in mathml(r"\log x")
    assert "<mspace" not in mathml(r"\log (x)")
    hats = mathml(r"\hat x_{ni} \hat y")
    assert re.findall(r"<msub><mover accent=\"true\"><mi>(\w)</mi>", hats) == ["x"]
    assert "munder" not in hats
