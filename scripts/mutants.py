"""Break the code in small ways, one at a time, and see whether a test notices.

A part is a room of the code with the tests that stand for it. Each mutant is made from the syntax
tree: another operator or comparison, a number changed, a condition turned round, an argument or a
statement left out. It runs in a copy of the checkout; a mutant that no test notices is printed as
a survivor, unless `scripts/survivors.txt` holds the reason why it may.
"""

import argparse
import ast
import copy
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
TESTS = "tests/backprop"
PARTS = {
    "functions": (
        [
            "backprop/functions.py",
            "backprop/labels.py",
            "backprop/arrays.py",
            "backprop/metrics.py",
        ],
        [f"{TESTS}/test_functions.py", f"{TESTS}/test_labels.py", f"{TESTS}/layers"],
    ),
    "arguments": (["backprop/arguments.py"], [f"{TESTS}/test_arguments.py"]),
    "layers": (["backprop/layers"], [f"{TESTS}/layers"]),
    "numerical": (["backprop/numerical"], [f"{TESTS}/numerical"]),
    "networks": (["backprop/networks"], [f"{TESTS}/networks", f"{TESTS}/numerical"]),
    "gradients": (["backprop/gradients"], [f"{TESTS}/gradients"]),
    "training": (["backprop/training"], [f"{TESTS}/training"]),
    "storage": (["backprop/storage"], [f"{TESTS}/storage"]),
    "datasets": (["backprop/datasets"], [f"{TESTS}/datasets"]),
    "backends": (["backends"], ["tests/backends", "tests/portability"]),
}
SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Pow: ast.Mult,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,  # codespell:ignore
    ast.NotIn: ast.In,  # codespell:ignore
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.USub: ast.UAdd,
}


@dataclass(frozen=True)
class Mutant:
    """One file with one change."""

    path: Path
    line: int
    what: str
    source: str

    @property
    def name(self) -> str:
        """Where it is and what was changed, without the number of the line, which moves."""
        return f"{self.path}: {self.what}"


def variants(node: ast.AST) -> Iterator[tuple[str, str, object]]:
    """Yield what may be changed in a node: words, the field, and its other value."""
    for name, value in ast.iter_fields(node):
        if isinstance(value, ast.AST) and type(value) in SWAPS:
            other = SWAPS[type(value)]
            yield f"{type(value).__name__} -> {other.__name__}", name, other()
    match node:
        case ast.Compare(ops=[op, *rest]) if type(op) in SWAPS:
            other = SWAPS[type(op)]
            yield f"{type(op).__name__} -> {other.__name__}", "ops", [other(), *rest]
        case ast.Constant(value=bool() as value):
            yield f"{value} -> {not value}", "value", not value
        case ast.Constant(value=int() | float() as value):
            yield f"{value} -> {value + 1}", "value", value + 1
        case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test):
            yield "condition -> not", "test", ast.UnaryOp(ast.Not(), test)
        case ast.Return(value=ast.AST()):
            yield "return -> None", "value", ast.Constant(None)
        case ast.Call(keywords=[*keywords]) if keywords:
            yield f"without {keywords[-1].arg}=", "keywords", keywords[:-1]
        case ast.Expr(value=ast.Call()) as statement:
            yield f"without {ast.unparse(statement)[:40]}", "value", ast.Constant(None)


def mutants(path: Path) -> list[Mutant]:
    """Return all mutants of a file; docstrings, annotations and `__all__` are no code."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    skipped: set[int] = set()
    for node in ast.walk(tree):
        annotations = [getattr(node, "annotation", None), getattr(node, "returns", None)]
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            annotations.append(node)
        for each in annotations:
            skipped |= {id(inner) for inner in ast.walk(each)} if each else set()
    found = []
    for node in ast.walk(tree):
        if id(node) in skipped or not hasattr(node, "lineno"):
            continue
        for what, name, value in variants(node):
            old = getattr(node, name)
            before = ast.unparse(node)[:60].replace("\n", " ")
            setattr(node, name, value)
            changed = copy.deepcopy(tree)
            setattr(node, name, old)
            source = ast.unparse(ast.fix_missing_locations(changed))
            found.append(Mutant(path, node.lineno, f"{before}: {what}", source))
    return found


def reasons() -> dict[str, str]:
    """Return why mutants may survive, by their names."""
    path = ROOT / "scripts" / "survivors.txt"
    entries = [line.split(" # ", 1) for line in path.read_text(encoding="utf-8").splitlines()]
    return {entry[0].strip(): entry[1] for entry in entries if len(entry) == 2}


def nearest(tests: list[str], path: Path) -> list[str]:
    """Return those test files that are named like a file: most mutants need no other."""
    name = f"test_{path.stem}.py"
    places = [ROOT / place for place in tests]
    found = {each for place in places for each in place.rglob(name)}
    found |= {place for place in places if place.name == name}
    return sorted(each.relative_to(ROOT).as_posix() for each in found)


def noticed(folder: Path, tests: list[str], limit: float, backends: bool) -> bool:
    """Tell whether the tests fail, or take far longer, in a copy; on NumPy or on every library."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-x",
        "-q",
        "-p",
        "no:randomly",
        "-p",
        "no:cacheprovider",
    ]
    if not backends:
        command += ["--array-backends", "numpy*"]
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            [*command, *tests],
            cwd=folder,
            env=environment,
            capture_output=True,
            timeout=limit,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return True
    return done.returncode != 0


def run(part: str, count: int | None, seed: int) -> tuple[int, int, int]:
    """Print the survivors of a part; return how many were made, killed, and explained."""
    places, tests = PARTS[part]
    files = [
        path.relative_to(ROOT)
        for place in places
        for path in (
            sorted((ROOT / place).rglob("*.py")) if (ROOT / place).is_dir() else [ROOT / place]
        )
    ]
    every = [mutant for path in files for mutant in mutants(path)]
    chosen = every if count is None else random.Random(seed).sample(every, min(count, len(every)))
    known, killed, explained = reasons(), 0, 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "checkout"
        left_out = (
            ".git",
            ".venv*",
            ".*_cache",
            ".hypothesis",
            "__pycache__",
            "build",
            "dist",
            "runs",
        )
        shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*left_out))
        limits: dict[bool, float] = {}

        def killed_on(backends: bool) -> bool:
            """Tell whether the tests notice, on NumPy or on all; they must pass on the original."""
            if backends not in limits:
                (folder / mutant.path).write_text(original, encoding="utf-8")
                start = time.monotonic()
                if noticed(folder, tests, 1800, backends):
                    sys.exit(f"{part}: the tests must pass before anything is changed")
                limits[backends] = 60 + 4 * (time.monotonic() - start)
                (folder / mutant.path).write_text(mutant.source, encoding="utf-8")
            own = nearest(tests, mutant.path)
            first = own and not backends and noticed(folder, own, limits[False], False)
            return bool(first) or noticed(folder, tests, limits[backends], backends)

        for mutant in chosen:
            original = (folder / mutant.path).read_text(encoding="utf-8")
            (folder / mutant.path).write_text(mutant.source, encoding="utf-8")
            if killed_on(False) or killed_on(True):
                killed += 1
            elif mutant.name in known:
                explained += 1
            else:
                print(f"  survived: {mutant.path}:{mutant.line}: {mutant.what}", flush=True)
            (folder / mutant.path).write_text(original, encoding="utf-8")
    return len(chosen), killed, explained


def main() -> int:
    """Print the score of each part; 1 where a survivor has no reason."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="all if none is given")
    parser.add_argument("--sample", type=int, help="how many of a part's mutants, drawn at random")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    unexplained = 0
    for part in options.parts or PARTS:
        made, killed, explained = run(part, options.sample, options.seed)
        share = killed / max(1, made - explained)
        print(f"{part}: {killed} of {made - explained} noticed, {share:.1%}; {explained} explained")
        unexplained += made - killed - explained
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
