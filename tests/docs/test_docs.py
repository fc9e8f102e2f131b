"""The pages: pictures, links, the table of the book's programs, the list of names."""

import re
from pathlib import Path

import pytest

import backends
import backprop
from backprop import demos

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.md"))
SLOW = {"mnist-inference", "learn-numerically", "learn-backprop"}  # no number in type
LINK = re.compile(r"\[[^]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`]+)`")


def links(page):
    """Return what a page links to and shows, but for other sites."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    return [link for link in LINK.findall(text) if "://" not in link]


def book_table():
    """Return the cells of each row of the table of programs."""
    lines = (DOCS / "book.md").read_text(encoding="utf-8").splitlines()
    rows = [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")]
    return {CODE.findall(row[1])[0]: row for row in rows[1:]}


@pytest.mark.parametrize("page", [*PAGES, ROOT / "README.md"], ids=lambda page: page.stem)
def test_links_lead_somewhere(page):
    for link in links(page):
        path, _, anchor = link.partition("#")
        assert not path or (page.parent / path).is_file(), link
        if anchor.startswith(("backprop.", "backends.")):
            assert documented(anchor), link
        elif anchor:
            target = page.parent / path if path else page
            headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.M)
            assert anchor in [heading.lower().replace(" ", "-") for heading in headings], link


def documented(name):
    """Tell whether the API page has a name, or the class that it is an attribute of."""
    modules = re.findall(r"automodule:: (\S+)", (DOCS / "api.md").read_text(encoding="utf-8"))
    module = max((m for m in modules if name.startswith(f"{m}.")), key=len, default=None)
    if module is None:
        return False
    value = __import__(module, fromlist=["_"])
    first, *rest = name.removeprefix(f"{module}.").split(".")
    public = getattr(value, "__all__", [first])
    return first in public and all(hasattr(getattr(value, first), part) for part in rest)


def test_every_picture_is_shown_and_small():
    shown = {link for page in PAGES for link in links(page) if link.startswith("pictures/")}
    made = {f"pictures/{path.name}" for path in (DOCS / "pictures").iterdir()}
    assert shown == made
    assert all((DOCS / name).stat().st_size < 80_000 for name in made)


def test_every_page_is_in_the_contents():
    index = (DOCS / "index.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```\{toctree\}\n(.*?)^```$", index, re.M | re.S)
    listed = [line for block in blocks for line in block.splitlines() if line and line[0] != ":"]
    assert sorted([*listed, "index"]) == [page.stem for page in PAGES]


def test_every_program_is_in_the_table():
    assert sorted(book_table()) == sorted(demos.NAMES)
    text = (DOCS / "book.md").read_text(encoding="utf-8")
    for name in demos.NAMES:
        assert book_table()[name][1].startswith(f"[`{name}`](#{name}): ")
        source = f"../backprop/demos/{name.replace('-', '_')}.py"
        assert f"\n## {name}\n\n{demos.summary(name)} [" in text
        assert f"]({source})\n\n```{{literalinclude}} {source}\n" in text


@pytest.mark.parametrize("name", [name for name in demos.NAMES if name not in SLOW])
def test_the_numbers_in_the_table_are_printed(name, capsys):
    demos.run(name, demos.Settings(backends.host()))
    printed = " ".join(capsys.readouterr().out.split())
    shown = CODE.findall(book_table()[name][3])
    assert shown
    for text in shown:
        whole = re.escape(" ".join(text.split()))
        assert re.search(rf"(?<![\w.]){whole}(?![\w])", printed), text


def test_terms_are_translated_once():
    pairs = []
    for page in PAGES:
        text = " ".join(page.read_text(encoding="utf-8").split())
        pairs += re.findall(r"\(([^()]*[\u3040-\u9fff][^()]*)\)", text)
    assert len(pairs) == len(set(pairs)) > 30
    assert all(pair.count(", ") == 1 for pair in pairs)


def test_the_api_page_lists_every_name():
    text = (DOCS / "api.md").read_text(encoding="utf-8")
    listed = re.findall(r"^   ~(\S+)$", text, re.M)
    assert [name.rpartition(".")[2] for name in listed] == backprop.__all__
    for name in listed:
        module, _, last = name.rpartition(".")
        value = getattr(backprop, last)
        assert getattr(__import__(module, fromlist=[last]), last) is value
