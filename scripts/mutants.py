"""Break the code in small ways, one at a time, and see whether a test notices.

    python scripts/mutants.py [--sample N] [--seed N] [--map FOLDER] [PART ...]

A part is a folder of `backprop` or `backends`; the files beside them are the part `backprop`. If
none is named, all are taken but OTHERS, which draw, print, demonstrate or need more machines. Each
mutant is made from the syntax tree: another operator or comparison, a number changed, a condition
turned round, an argument or a statement left out. The tests run once with coverage, and a mutant is
put to those that ran its line, and to others of its part, in a process that has imported what they
need beside the code. One that none notices is printed as a survivor, unless `scripts/survivors.txt`
holds the reason why it may live.
"""

import argparse
import ast
import json
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from queue import Queue

import pytest
from coverage import CoverageData

ROOT = Path(__file__).parents[1]
WORKERS = 2
ROWS = "numpy*,strict:device1"
"""Backends to test on; for the file of a library that library is added."""
OTHERS = ("bench", "cli", "demos", "estimators", "graph", "parallel", "plotting")
"""The parts that are taken only if they are named."""
MOST_SECONDS = 60.0
"""A mutant is put to so many seconds of tests."""
LEFT_OUT = (".git", ".venv*", ".*_cache", ".hypothesis", "__pycache__", "build", "dist", "runs")
LEFT_OUT_TESTS = ("backprop", "mpi")  # the first by its own folders, the second under mpiexec
PYTEST = ["-q", "-p", "no:randomly", "-p", "no:cacheprovider"]
IMPORTED = (
    "numpy",
    "array_api_compat",
    "array_api_strict",
    "matplotlib",
    "PIL.Image",
    "safetensors",
)
"""What tests need that is slow to import; it is done once, for all processes."""
ALONE = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""Variables under which the tests of one mutant leave the other cores to those of others."""
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
"""What each operator is changed to."""
FORKS = multiprocessing.get_context("forkserver")


PLUGIN = """
import json
import os
from collections import Counter

import coverage
import pytest

seconds = Counter()
failed = set()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    coverage.Coverage.current().switch_context(item.nodeid)
    return (yield)


def pytest_runtest_logreport(report):
    seconds[report.nodeid] += report.duration
    if report.failed:
        failed.add(report.nodeid)


def pytest_sessionfinish():
    found = {name: -1.0 if name in failed else each for name, each in seconds.items()}
    with open(os.environ["SECONDS_OF_TESTS"], "w") as file:
        json.dump(found, file)
"""
"""Tells coverage which test runs, case by case, and writes how long each took; -1 if it failed."""


@dataclass(frozen=True)
class Mutant:
    """One file with one change."""

    path: Path
    number: int
    lines: range
    what: str

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
        case ast.Return(value=ast.AST() as value) if ast.unparse(value) not in ("None", "False"):
            yield "return -> None", "value", ast.Constant(None)
        case ast.Call(keywords=[*keywords]) if keywords and keywords[-1].arg != "strict":
            yield f"without {keywords[-1].arg}=", "keywords", keywords[:-1]
        case ast.Expr(value=ast.Call()) as statement:
            yield f"without {ast.unparse(statement)[:40]}", "value", ast.Constant(None)


def changes(path: Path) -> Iterator[tuple[ast.Module, range, str]]:
    """Yield a file's tree with one change after another, the lines, and what was changed.

    Docstrings, annotations and `__all__` are no code; `strict=` is a check of its own. A tree is as
    it was when the next is asked.
    """
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    skipped: set[int] = set()
    for node in ast.walk(tree):
        annotations = [getattr(node, "annotation", None), getattr(node, "returns", None)]
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            annotations.append(node)
        if isinstance(node, ast.keyword) and node.arg == "strict":
            annotations.append(node)
        for each in annotations:
            skipped |= {id(inner) for inner in ast.walk(each)} if each else set()
    of: dict[int, str] = {}  # the statement that a part of it stands in
    met: Counter[str] = Counter()
    for node in [*ast.walk(tree)]:
        statement = of.get(id(node), "")
        if isinstance(node, ast.stmt):
            statement = ast.unparse(node).partition("\n")[0][:70]
        of |= {id(inner): statement for inner in ast.iter_child_nodes(node)}
        if id(node) in skipped or not isinstance(node, ast.expr | ast.stmt):
            continue
        place = node.test if isinstance(node, ast.If | ast.While) else node
        lines = range(place.lineno, (place.end_lineno or place.lineno) + 1)
        for what, name, value in variants(node):
            full = f"{statement}: {what}"
            met[full] += 1
            old = getattr(node, name)
            setattr(node, name, value)
            yield tree, lines, full if met[full] == 1 else f"{full} ({met[full]})"
            setattr(node, name, old)


def mutants(path: Path) -> list[Mutant]:
    """Return all mutants of a file."""
    return [
        Mutant(path, number, lines, what) for number, (_, lines, what) in enumerate(changes(path))
    ]


def rows(path: Path) -> str:
    """Return the backends to test a file's mutants on."""
    return f"{ROWS},{path.stem}" if path.stem in ("jax", "torch") else ROWS


def source(mutant: Mutant) -> str:
    """Return the file as the mutant has it."""
    tree, *_ = next(islice(changes(mutant.path), mutant.number, None))
    return ast.unparse(ast.fix_missing_locations(tree))


def parts() -> dict[str, list[Path]]:
    """Return the files of each part, below the root of the repository."""
    found: dict[str, list[Path]] = {}
    for path in sorted((ROOT / "backprop").rglob("*.py")):
        room = path.relative_to(ROOT / "backprop").parts
        found.setdefault(room[0] if len(room) > 1 else "backprop", []).append(
            path.relative_to(ROOT)
        )
    found["backends"] = [path.relative_to(ROOT) for path in (ROOT / "backends").rglob("*.py")]
    found["backends"].sort()
    return found


def reasons() -> dict[str, str]:
    """Return why mutants may survive, by their names."""
    path = ROOT / "scripts" / "survivors.txt"
    entries = [line.split(" # ", 1) for line in path.read_text(encoding="utf-8").splitlines()]
    return {entry[0].strip(): entry[1] for entry in entries if len(entry) == 2}


def checkout(folder: Path) -> Path:
    """Copy the checkout, without what was built, into a folder."""
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*LEFT_OUT))
    return folder


class Tests:
    """Which tests run which line, and how long each takes, as one run of all has shown."""

    def __init__(self, folder: Path) -> None:
        """Run all tests once in a copy of the checkout, or read what they have shown there."""
        self.folder = folder
        if not (folder / ".coverage").exists():
            self.show()
        self.read()

    def show(self) -> None:
        """Run all tests once, and keep what they show."""
        folder = checkout(self.folder)
        (folder / "coveragerc").write_text(
            "[run]\nsource_pkgs = backprop, backends\nparallel = true\n", encoding="utf-8"
        )
        (folder / "lines_of_tests.py").write_text(PLUGIN, encoding="utf-8")
        places = [*(folder / "tests" / "backprop").iterdir(), *(folder / "tests").iterdir()]
        rooms = [each for each in places if each.name not in LEFT_OUT_TESTS]
        rooms = [each for each in rooms if any(each.rglob("test_*.py"))]
        rooms.sort(key=lambda room: -len([*room.rglob("test_*.py")]))  # the longest first
        files = [each for each in places if each.match("test_*.py")]
        groups = [[str(each.relative_to(folder))] for each in rooms]
        groups.append([str(each.relative_to(folder)) for each in files])
        with ThreadPoolExecutor(WORKERS) as workers:
            list(workers.map(self.run, range(len(groups)), groups))
        combine = [sys.executable, "-m", "coverage", "combine", "--rcfile=coveragerc", "-q"]
        subprocess.run(combine, cwd=folder, check=True)

    def run(self, number: int, names: list[str]) -> None:
        """Run a group of tests with coverage."""
        run = [sys.executable, "-m", "coverage", "run", "--rcfile=coveragerc", "-m", "pytest"]
        own = {"PYTHONPATH": str(self.folder), "SECONDS_OF_TESTS": f"seconds{number}.json"}
        subprocess.run(
            [*run, *PYTEST, "-p", "lines_of_tests", "--array-backends", ROWS, *names],
            cwd=self.folder,
            env={**os.environ, **own},
            capture_output=True,
            text=True,
            check=False,
        )

    def read(self) -> None:
        """Read what the run has shown; a test that failed would fail of every mutant."""
        self.data = CoverageData(str(self.folder / ".coverage"))
        self.data.read()
        self.by_line: dict[Path, dict[int, list[str]]] = {}
        self.seconds: dict[str, float] = {}
        for path in self.folder.glob("seconds*.json"):
            self.seconds |= json.loads(path.read_text(encoding="utf-8"))
        for name in [name for name, seconds in self.seconds.items() if seconds < 0]:
            print(f"  left out, as it fails already: {name}")
            del self.seconds[name]

    def of(self, mutant: Mutant) -> tuple[list[str], float]:
        """Return the tests to put a mutant to, and how many seconds they take.

        First come those that ran its lines, then others of its part, as what they start in
        processes of their own is not seen. One case of each test comes before the next of any.
        """
        if mutant.path not in self.by_line:
            found = self.data.contexts_by_lineno(str(self.folder / mutant.path))
            self.by_line[mutant.path] = found
        ran = {name for line in mutant.lines for name in self.by_line[mutant.path].get(line, ())}
        names = [name for name in self.seconds if name in ran or near(name, mutant.path)]
        names.sort(key=lambda name: (name not in ran, self.seconds[name]))
        case: Counter[str] = Counter()
        rank: dict[str, int] = {}
        for name in names:
            function = name.partition("[")[0]
            case[function] += 1
            rank[name] = case[function]
        names.sort(key=lambda n: (n not in ran, rank[n], -near(n, mutant.path), self.seconds[n]))
        chosen: list[str] = []
        seconds = 0.0
        for name in names or self.seconds:
            if chosen and seconds + self.seconds[name] > MOST_SECONDS:
                continue
            seconds += self.seconds[name]
            chosen.append(name)
        return chosen, seconds


def near(name: str, path: Path) -> int:
    """Return 2 for a test of a file's own name, 1 for one of its part or of all, 0 for another."""
    test = Path(name.partition("::")[0])
    if test.name == f"test_{path.stem}.py":
        return 2
    return int(path.parent.name in test.parts or test.parent == Path("tests/backprop"))


def run_tests(folder: Path, arguments: list[str]) -> None:
    """Run tests on a copy, in this process, and end it with their status."""
    os.setsid()
    os.chdir(folder)
    os.environ["PYTHONPATH"] = str(folder)
    sys.path.insert(0, str(folder))
    sys.dont_write_bytecode = False
    with Path("printed.txt").open("w", encoding="utf-8") as printed:
        for stream in (1, 2):
            os.dup2(printed.fileno(), stream)
        status = pytest.main(arguments)
        for each in (sys.stdout, sys.stderr):
            each.flush()
        os._exit(status)  # whatever threads a mutant has left


def noticed(folder: Path, mutant: Mutant, tests: list[str], seconds: float) -> bool:
    """Tell whether the tests fail, or take far longer, in a copy that has the mutant."""
    place = folder / mutant.path
    original, time = place.read_text(encoding="utf-8"), int(place.stat().st_mtime)
    place.write_text(source(mutant), encoding="utf-8")
    own = time + 1 + mutant.number  # a time for each: compiled code is told apart by it
    os.utime(place, (own, own))
    arguments = [*PYTEST, "--array-backends", rows(mutant.path), "-x", *tests]
    process = FORKS.Process(target=run_tests, args=(folder, arguments))
    try:
        process.start()
        process.join(60 + 4 * seconds)
        if process.exitcode is None and process.pid is not None:
            os.killpg(process.pid, signal.SIGKILL)
            return True
    finally:
        place.write_text(original, encoding="utf-8")
        os.utime(place, (time, time))
    printed = (folder / "printed.txt").read_text(encoding="utf-8", errors="replace")
    if "ERROR: not found" in printed or "no tests ran" in printed:
        raise RuntimeError(f"no test was run for {mutant.name}: {tests[:3]}")
    return process.exitcode != 0


def main() -> int:
    """Print the score of each part; 1 where a survivor has no reason."""
    rooms = parts()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*rooms, []], help="all but OTHERS if none")
    parser.add_argument("--sample", type=int, help="how many mutants, drawn at random from all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--map", type=Path, help="the folder that keeps which tests run which line")
    options = parser.parse_args()
    every = [
        (part, mutant)
        for part in options.parts or [room for room in rooms if room not in OTHERS]
        for path in rooms[part]
        for mutant in mutants(path)
    ]
    os.environ |= ALONE
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    FORKS.set_forkserver_preload(["__main__", *IMPORTED])
    count = min(options.sample or len(every), len(every))
    chosen = random.Random(options.seed).sample(every, count)
    known = reasons()
    score: dict[str, Counter[str]] = {part: Counter() for part, _ in chosen}
    with tempfile.TemporaryDirectory() as name:
        copies: Queue[Path] = Queue()
        for number in range(WORKERS):
            copies.put(checkout(Path(name) / str(number)))
        tests = Tests((options.map or Path(name) / "tests").resolve())

        def judge(part: str, mutant: Mutant) -> None:
            """Count one mutant, and print it where nothing notices it."""
            if mutant.name in known:
                score[part]["explained"] += 1
                return
            asked, seconds = tests.of(mutant)
            folder = copies.get()
            try:
                killed = noticed(folder, mutant, asked, seconds)
            finally:
                copies.put(folder)  # or the others would wait for it
            score[part]["noticed" if killed else "survived"] += 1
            if not killed:
                where = f"{mutant.path}:{mutant.lines.start}"
                print(f"  survived {len(asked)} tests: {where}: {mutant.what}", flush=True)

        with ThreadPoolExecutor(WORKERS) as workers:
            for done in [workers.submit(judge, *each) for each in chosen]:
                done.result()
    for part, counts in sorted(score.items()):
        of = counts.total() - counts["explained"]
        print(f"{part}: {counts['noticed']} of {of} noticed; {counts['explained']} explained")
    total = sum(score.values(), Counter())
    of = total.total() - total["explained"]
    print(f"all: {total['noticed']} of {of} noticed, {total['noticed'] / max(1, of):.1%}")
    return 1 if total["survived"] else 0


if __name__ == "__main__":
    sys.exit(main())
