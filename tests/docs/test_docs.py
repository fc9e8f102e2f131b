"""The pages: pictures, links, the table of the book's programs, the list of names."""

import importlib
import inspect
import re
from pathlib import Path

import numpy as np
import pytest

import backends
import backprop
from backprop import Network, book, demos, layers
from tests.architecture import ORDER
from tests.book.porting import DELETED

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.glob("*.md"), *DOCS.glob("*.ipynb")])
SLOW = {"mnist-inference", "learn-numerically", "learn-backprop"}  # no number in type
SLOW |= {
    *("optimizer-comparison", "batch-norm", "weight-decay", "dropout", "hyperparameters"),
    *("filters", "apply-filters", "misclassified", "half-precision"),
}
LINK = re.compile(r"\[[^]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`]+)`")


def links(page):
    """Return what a page links to and shows, but for other sites."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    return [link for link in LINK.findall(text) if "://" not in link]


def table(first):
    """Return the cells of each row of the table on the page of programs that begins with a cell."""
    text = (DOCS / "book.md").read_text(encoding="utf-8")
    lines = text[text.index(f"| {first} |") :].partition("\n\n")[0].splitlines()
    return [line.strip("| ").split(" | ") for line in lines[2:]]


def book_table():
    """Return the cells of each row of the table of programs."""
    return {CODE.findall(row[1])[0]: row for row in table("in the book")}


ENTRANCES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md"]


@pytest.mark.parametrize("page", [*PAGES, *ENTRANCES], ids=lambda page: page.stem)
def test_what_a_page_imports_is_there(page):
    """In code that is run, and in what is only shown."""
    ours = r"from ((?:backprop|backends)[\w.]*) import \(?([\w, ]+)\)?"
    for place, names in re.findall(ours, page.read_text(encoding="utf-8")):
        module = importlib.import_module(place)
        for name in names.strip(" ,").split(","):
            assert hasattr(module, name.partition(" as ")[0].strip()), f"{place}.{name}"


@pytest.mark.parametrize("page", [*PAGES, *ENTRANCES], ids=lambda page: page.stem)
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


def api_names():
    """Return the names that have a page of their own."""
    return re.findall(r"^   ~(\S+)$", (DOCS / "api.md").read_text(encoding="utf-8"), re.M)


def documented(name):
    """Tell whether a name has a page, or the class that it is an attribute of has one."""
    if name in api_names():
        return True
    owner, _, attribute = name.rpartition(".")
    if owner not in api_names():
        return False
    module, _, last = owner.rpartition(".")
    return hasattr(getattr(importlib.import_module(module), last), attribute)


def test_every_picture_is_shown_and_small():
    shown = {link for page in PAGES for link in links(page) if link.startswith("pictures/")}
    made = {f"pictures/{path.name}" for path in (DOCS / "pictures").iterdir()}
    assert shown == made
    assert all((DOCS / name).stat().st_size < 80_000 for name in made)


def tree(page):
    """Return the tree of a page: for each folder, the names listed within it."""
    text = page.read_text(encoding="utf-8").partition("## Where things are\n\n")[2]
    found, folder = {}, ""
    for line in re.match(r"(    .*\n)+", text)[0].splitlines():
        name = line.split()[0]
        if line.startswith("      "):
            found[folder].append(name)
        else:
            folder, found[name] = name, []
    return found


def on_disk(folder):
    """Return the folders and modules in a folder, as a tree writes them."""
    ignored = [line.rstrip("/") for line in (ROOT / ".gitignore").read_text().splitlines()]
    return {
        path.name + "/" if path.is_dir() else path.stem
        for path in folder.iterdir()
        if path.suffix == ".py" or path.is_dir()
        if not path.name.startswith((".", "__"))
        if not any(path.match(pattern) for pattern in ignored)
    }


def test_the_tree_in_the_readme_is_on_disk():
    rooms = [room.removesuffix(".py") for room in tree(ROOT / "README.md")]
    assert rooms == sorted(on_disk(ROOT) - {"conftest"})


@pytest.mark.parametrize("package", ["backends", "backprop"])
def test_the_tree_of_rooms_is_on_disk_and_in_order(package):
    rooms = tree(ROOT / "CONTRIBUTING.md")[f"{package}/"]
    assert set(rooms) == on_disk(ROOT / package)
    order = [room.split(".")[1].rstrip("!") for room in ORDER if room.startswith(f"{package}.")]
    assert [room.rstrip("/") for room in rooms] == [
        room for room in dict.fromkeys(order) if room != "__main__"
    ]


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 130


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


def test_the_programs_that_run_by_imports_only_are_tested():
    """Those of `tests/book/test_programs.py`, and no others, say so."""
    found = []
    for row in book_table().values():
        chapters = re.findall(r"\d(?=\.\d)", row[0].partition(":")[0])
        programs = re.findall(r"`(\w+)\.py`", row[0])
        assert row[4] == ("yes" if programs else "in the text")
        found += [f"ch0{chapters[0]}/{program}" for program in programs]
    assert sorted(found) == sorted(name for name in DELETED if name.startswith("ch0"))


def test_the_table_of_names():
    for theirs, ours, where in table("the book's"):
        for name in CODE.findall(theirs)[:1] + CODE.findall(ours)[:1]:
            name = name.partition("(")[0]
            if where.startswith("`backprop."):
                assert hasattr(importlib.import_module(CODE.findall(where)[0]), name), name
            elif name not in ("training", "train_flg"):
                assert any(hasattr(place, name) for place in (backprop, book, Network)), name


def function_2(x):
    return np.sum(x**2)


def test_the_table_of_digits():
    """What both print, as it stands in the table."""
    shown = [[CODE.findall(cell) for cell in row[1:]] for row in table("program")]
    for i, module in enumerate((book, backprop)):
        start = np.array([-3.0, 4.0])
        ways = [
            module.gradient_descent(function_2, start, rate, 100) for rate in (0.1, 10.0, 1e-10)
        ]
        printed = [
            *(module.numerical_diff(lambda x: 0.01 * x**2 + 0.1 * x, x) for x in (5, 10)),
            module.numerical_gradient(function_2, np.array([3.0, 4.0])).tolist(),
            *(way[0] if isinstance(way, tuple) else way for way in ways),
        ]
        assert [[str(value)] for value in printed] == [row[i] for row in shown[:6]]


def test_terms_are_translated_once():
    pairs = []
    for page in PAGES:
        text = " ".join(page.read_text(encoding="utf-8").split())
        pairs += re.findall(r"\(([^()]*[\u3040-\u9fff][^()]*)\)", text)
    assert len(pairs) == len(set(pairs)) > 30
    assert all(pair.count(", ") == 1 for pair in pairs)


@pytest.mark.parametrize(
    "module",
    [
        "backends",
        "backends.testing",
        "backprop.bench",
        "backprop.datasets",
        "backprop.estimators",
        "backprop.functions",
        "backprop.gradients",
        "backprop.graph",
        "backprop.layers",
        "backprop.networks",
        "backprop.numerical",
        "backprop.perceptron",
        "backprop.plotting",
        "backprop.storage",
        "backprop.training",
    ],
)
def test_every_public_name_has_a_page(module):
    for name in importlib.import_module(module).__all__:
        assert f"{module}.{name}" in api_names()


def test_every_name_of_the_face_has_a_page_and_none_is_listed_twice():
    names = api_names()
    assert len(names) == len(set(names))
    values = [backprop, *map(importlib.import_module, {n.rpartition(".")[0] for n in names})]
    found = [getattr(value, n.rpartition(".")[2], None) for value in values for n in names]
    for name in backprop.__all__:
        value = getattr(backprop, name)
        is_module = value.__class__.__name__ == "module"
        assert is_module or any(value is each for each in found), name


def test_no_property_reads_as_a_type_and_a_text():
    """On the site, what stands before a colon in a property's first line is shown as its type."""
    found = set()
    for name in api_names():
        module, _, last = name.rpartition(".")
        value = getattr(importlib.import_module(module), last)
        for key, member in inspect.getmembers_static(value) if isinstance(value, type) else ():
            get = getattr(member, "fget", None) or getattr(member, "func", None)
            if get is not None and ": " in (get.__doc__ or "").partition("\n")[0]:
                found.add(f"{name}.{key}")
    assert found == set()


def test_every_layer_is_derived():
    """Its code stands on one of the pages, below a heading."""
    pages = [page.read_text(encoding="utf-8") for page in DOCS.glob("derive-*.md")]
    shown = re.findall(r"^:pyobject: (\w+)", "\n".join(pages), re.M)
    bases = {"Layer", "Elementwise", "Binary"}
    kinds = {name for name in layers.__all__ if isinstance(getattr(layers, name), type)} - bases
    assert kinds - set(shown) == set()
    for page in pages:
        assert "\n## Checked\n" in page
        assert "$$" in page


def test_the_code_on_the_pages_is_in_the_library():
    for page in DOCS.glob("*.md"):
        text = page.read_text(encoding="utf-8")
        for path, name in re.findall(r"literalinclude\} (\S+)\n:pyobject: (\S+)\n", text):
            source = (DOCS / path).read_text(encoding="utf-8")
            kind, _, method = name.rpartition(".")
            assert re.search(rf"^ *(class|def) {method}\b", source, re.M), name
            assert not kind or f"class {kind}" in source, name
