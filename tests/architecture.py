"""The rules of the house, in one place, and what checks them.

Which room may know which, which rooms compute on host values in plain NumPy, and which imports may
stand elsewhere than at the top of a file. `tests/test_architecture.py` holds both packages to it.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

# From the ground up: a file imports from its own room and from those before it.
# A name ending in "!" is that file alone: the face of a package.
ORDER = [
    "backends.distribution",
    "backends.errors",
    "backends.namespace",
    "backends.libraries",
    "backends.host",
    "backends.casting",
    "backends.backend",
    "backends.selection",
    "backends!",
    "backends.testing",
    "backprop.own_backends",
    "backprop.tables",
    "backprop.bars",
    "backprop.arguments",
    "backprop.arrays",
    "backprop.parallel",
    "backprop.finite",
    "backprop.labels",
    "backprop.windows",
    "backprop.initialization",
    "backprop.functions",
    "backprop.perceptron",
    "backprop.metrics",
    "backprop.layers",
    "backprop.numerical",
    "backprop.networks",
    "backprop.targets",
    "backprop.gradients",
    "backprop.graph.record",
    "backprop.graph.diagram",
    "backprop.graph.symbols",
    "backprop.graph.layout",
    "backprop.graph.render",
    "backprop.graph.languages",
    "backprop.graph.drawing",
    "backprop.graph.variable",
    "backprop.graph!",
    "backprop.plotting",
    "backprop.storage",
    "backprop.training",
    "backprop.estimators",
    "backprop.datasets",
    "backprop.book_tools",
    "backprop.book",
    "backprop!",
    "backprop.bench",
    "backprop.demos",
    "backprop.cli",
    "backprop.__main__",
]

LIBRARIES = {"numpy", "cupy", "torch", "jax", "dpnp", "ndonnx"}
LIBRARIES |= {"array_api_strict", "array_api_compat"}
NICKNAMES = {"np": "numpy", "jnp": "jax", "pytorch": "torch"}

# Files compute on the user's arrays, and name no array library, unless their room stands here.
ALLOWED = {
    "backends.libraries": LIBRARIES,  # the adaptors: one library a file
    "backends.namespace": {"array_api_compat"},  # asks it whose an array is
    "backends.host": {"numpy"},  # numbers in host memory
    "backends.casting": {"numpy"},  # what host values lose in another dtype
    "backends.backend": {"numpy"},  # host data come in and go out
    "backends.testing": {"numpy", "array_api_strict"},  # truth, refused values
    "backends.testing.strategies": {"array_api_compat"},  # a namespace by its name, for hypothesis
    # Host rooms: slopes and judgments, files, pictures and the command line.
    "backprop.numerical.slopes": {"numpy"},
    "backprop.numerical.perturb": {"numpy"},  # which entry, how far, and what came out
    "backprop.numerical.evaluation": {"numpy"},
    "backprop.numerical.differences": {"numpy"},
    "backprop.numerical.phi": {"numpy"},
    "backprop.numerical.pieces": {"numpy"},  # arrays looked at on the host
    "backprop.numerical.sharing": {"numpy"},  # arrays that processes compare
    "backprop.targets": {"numpy"},
    "backprop.targets.functions": {"numpy", "torch", "jax"},  # autograd's and JAX's own functions
    "backprop.targets.generators": {"numpy", "torch"},  # their generators of random numbers
    "backprop.targets.objects": {
        "numpy",
        "torch",
        "jax",
        "cupy",
    },  # whose classes are not looked into
    "backprop.gradients": {"numpy"},
    "backprop.storage": {"numpy"},
    "backprop.training.streamed": {"numpy"},  # samples gathered on the host
    "backprop.storage.onnx": {"numpy", "ndonnx"},  # whose arrays record what is computed
    "backprop.estimators": {"numpy"},  # scikit-learn's data lie on the host
    "backprop.datasets": {"numpy"},
    "backprop.plotting": {"numpy"},
    "backprop.book_tools": {"numpy"},  # draws by NumPy's global generator, as the book does
    "backprop.book": {"numpy"},  # handed on to programs that got it by star import
    "backprop.bench": {"numpy"},
    "backprop.demos": {"numpy"},
    "backprop.cli": {"numpy"},
}

# Imports of our own modules inside a function: (from, to) -> why.
INSIDE_FUNCTIONS = {
    (
        "backprop.datasets.picture",
        "backprop.datasets.ink",
    ): "it imports scikit-image, an extra that takes a while, at its top",
    ("backprop.cli", "backprop.cli.app"): "an error that names the extra where typer is missing",
    ("backprop.own_backends", "backends"): "it may be foreign: looked at before it is run",
    ("backprop.demos", "backprop.demos"): "a program is imported when it is run, by its name",
}

# Files that load modules in ways no reader of imports sees -> why.
DYNAMIC = {
    "backends": "pytest's plugin may have loaded it under another name: then it is the same",
    "backends.libraries.library": "an array library is imported when it is asked for, by its name",
    "backprop.own_backends": "it looks for a foreign package without running it",
    "backprop.training.notebook": "a notebook is one where IPython is running already",
    "backprop.demos": "a program is imported when it is run, by its name",
    "backprop.networks.copies": "the modules that an object holds are not copied",
    "backprop.targets.generators": "PyTorch's generators count where it is imported already",
    "backprop.targets.objects": "whether a module is of a package is told by where it lies",
}


@dataclass(frozen=True)
class Import:
    """One of our modules, imported by another."""

    source: str
    target: str
    at_the_top: bool


Modules = dict[str, ast.Module]


def read(root: Path, *packages: str) -> Modules:
    """Return the syntax trees of packages by module name; a stub belongs to the module beside it."""
    found: Modules = {}
    for path in sorted(path for package in packages for path in (root / package).rglob("*.py*")):
        if path.suffix not in (".py", ".pyi"):
            continue
        parts = path.relative_to(root).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found.setdefault(name, ast.Module([], [])).body.extend(tree.body)
    return found


def parse(**sources: str) -> Modules:
    """Return the syntax trees of made-up modules; `__` stands for a dot."""
    return {name.replace("__", "."): ast.parse(source) for name, source in sources.items()}


def imports(modules: Modules, face: str = "backprop") -> list[Import]:
    """Return who imports whom; a name imported from `face` comes from where the face has it."""
    exported = {
        alias.name: target
        for node, _ in _statements(modules.get(face, ast.Module([], [])))
        if isinstance(node, ast.ImportFrom)
        for alias, (target, _) in zip(node.names, _targets(node, face, modules), strict=False)
    }
    found = [
        Import(source, exported.get(name, target) if target == face else target, at_the_top)
        for source, tree in modules.items()
        for node, at_the_top in _statements(tree)
        for target, name in _targets(node, source, modules)
    ]
    around = [
        Import(each.source, package, True)
        for each in found
        for package in _packages(each.target)
        if each.at_the_top and package in modules and package not in _packages(each.source)
        if package != each.source
    ]
    return found + around


def _packages(module: str) -> list[str]:
    """Return the packages around a module, which an import of it runs first."""
    parts = module.split(".")
    return [".".join(parts[:i]) for i in range(1, len(parts))]


def dynamic(modules: Modules) -> set[str]:
    """Return the modules that may load others unseen: by name, from text, or out of a table."""
    ways = {"import_module", "__import__", "exec", "eval", "pkgutil", "runpy", "modules"}
    return {
        name
        for name, tree in modules.items()
        for node in ast.walk(tree)
        if (isinstance(node, ast.Name) and node.id in ways - {"modules"})
        or (isinstance(node, ast.Attribute) and node.attr in ways)
        or (isinstance(node, ast.alias) and ways & set(node.name.split(".")))
    }


def _statements(tree: ast.Module) -> Iterator[tuple[ast.AST, bool]]:
    """Yield what may import, and whether it runs when the module is imported."""
    waiting: list[tuple[ast.AST, bool]] = [(node, True) for node in tree.body]
    while waiting:
        node, top = waiting.pop()
        if isinstance(node, ast.Import | ast.ImportFrom | ast.Call):
            yield node, top
        # an `if` is for type checkers alone, or for never
        later = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.If)
        waiting += [(child, top and not later) for child in ast.iter_child_nodes(node)]


def _targets(node: ast.AST, source: str, modules: Modules) -> list[tuple[str, str]]:
    """Return which of `modules` are imported, and by which name if it is a name of a package."""
    if isinstance(node, ast.Import):
        return [(alias.name, "") for alias in node.names if alias.name in modules]
    if isinstance(node, ast.Call):
        called = ast.unparse(node.func).rpartition(".")[2]
        argument = ast.unparse(node.args[0]) if node.args else ""
        name = argument.lstrip("f").strip("'\"").partition("{")[0].rstrip(".")
        found = called in ("import_module", "__import__") and name in modules
        return [(name, "")] if found else []
    assert isinstance(node, ast.ImportFrom)
    package = node.module or ""
    if node.level:
        is_package = any(name.startswith(f"{source}.") for name in modules)
        above = node.level - 1 if is_package else node.level
        parts = source.split(".")
        package = ".".join([*parts[: len(parts) - above], *filter(None, [node.module])])
    names = [alias.name for alias in node.names] if package in modules else []
    within = [f"{package}.{name}" for name in names]
    return [
        (module, "") if module in modules else (package, name)
        for module, name in zip(within, names, strict=True)
    ]


def circles(found: list[Import]) -> list[str]:
    """Return the files of one import circle, the first at both ends; empty if there is none."""
    graph: dict[str, set[str]] = {}
    for each in found:
        if each.source != each.target:
            graph.setdefault(each.source, set()).add(each.target)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def rank(module: str, order: list[str]) -> int | None:
    """Return the place of a module in the order: that of the longest name that covers it."""
    covering = [
        room
        for room in order
        if module == room.rstrip("!") or (room[-1] != "!" and module.startswith(f"{room}."))
    ]
    return order.index(max(covering, key=len)) if covering else None


def up_arrows(found: list[Import], order: list[str]) -> list[str]:
    """Return the imports that point up, and the modules that have no place in the order."""
    problems = set()
    for each in found:
        source, target = rank(each.source, order), rank(each.target, order)
        if source is None:
            problems.add(f"{each.source}: no place in the order")
        elif target is not None and target > source:
            problems.add(f"{each.source} -> {each.target}")
    return sorted(problems)


def hidden(found: list[Import], allowed: dict[tuple[str, str], str]) -> list[str]:
    """Return the imports in functions or under TYPE_CHECKING that have no reason."""
    return [
        f"{each.source} -> {each.target}"
        for each in found
        if not each.at_the_top and (each.source, each.target) not in allowed
    ]


def libraries_imported(tree: ast.Module) -> set[str]:
    """Return the array libraries that a file imports."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add(node.module or "")
    return LIBRARIES & {name.partition(".")[0] for name in names}


def libraries_named(tree: ast.Module) -> set[str]:
    """Return the array libraries in any identifier or string of a file, docstrings left out."""
    words: set[str] = set()
    docstrings = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        for value in vars(node).values() if id(node) not in docstrings else ():
            for text in value if isinstance(value, list) else [value]:
                if isinstance(text, str):
                    words |= set(re.findall(r"\w+", text.lower().replace("-", "_")))
    return {NICKNAMES.get(word, word) for word in words} & LIBRARIES


def forbidden(modules: Modules, allowed: dict[str, set[str]], words_in: str) -> dict[str, set[str]]:
    """Return the array libraries that files name and may not; words count in package `words_in`."""
    found = {}
    for name, tree in modules.items():
        named = libraries_imported(tree)
        if name.partition(".")[0] == words_in:
            named |= libraries_named(tree)
        for room, libraries in allowed.items():
            if name == room or name.startswith(f"{room}."):
                named -= libraries
        if named:
            found[name] = named
    return found
