"""The fixtures of all tests."""

import inspect
import os
from collections import Counter
from collections.abc import Callable
from functools import cache

import pytest

os.environ["JAX_ENABLE_X64"] = "1"  # read when JAX is imported, with the first test that asks

from tests.portability.bugs import BUGS
from tests.support import Case

MOST_REASONS = 8
LIBRARIES = ("torch", "jax")


def pytest_configure(config: pytest.Config) -> None:
    """Keep JAX on the CPU, unless its rows on a GPU are asked for."""
    if "jax:cuda" in (config.getoption("array_backends") or ""):
        os.environ.pop("JAX_PLATFORMS", None)
        os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    else:
        os.environ["JAX_PLATFORMS"] = "cpu"


@pytest.fixture
def case(backend_case: Case) -> Case:
    """One backend of the matrix, under the short name that the tests call it by."""
    return backend_case


@pytest.hookimpl(tryfirst=True)  # before -m selects
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what the array library matters to; and let -k find it by the name of the library."""
    for item in items:
        portability = item.path.parent.name == "portability"
        wanted = libraries(item)
        item.extra_keyword_matches |= wanted
        if portability or wanted or "backend_case" in getattr(item, "fixturenames", ()):
            item.add_marker("matrix")


def libraries(item: pytest.Item) -> set[str]:
    """Return which of the libraries a test skips without: its own words, and its fixtures', say."""
    if not isinstance(item, pytest.Function):
        return set()
    fixtures = item._fixtureinfo.name2fixturedefs.values()
    functions = [item.function, *(each.func for definitions in fixtures for each in definitions)]
    here = [f for f in functions if (f.__module__ or "").startswith("tests")]
    words = " ".join(map(source_of, here))
    skips = "importorskip" in words
    return {name for name in LIBRARIES if name in item.name or (skips and f'"{name}"' in words)}


@cache
def source_of(function: Callable[..., object]) -> str:
    """Return the lines of a function."""
    return inspect.getsource(function)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print why tests were skipped, and which backends caught which planted bug."""
    skipped = Counter(
        reason.removeprefix("Skipped: ")
        for report in terminalreporter.stats.get("skipped", [])
        for reason in [str(report.longrepr[2] if report.longrepr else "")]
    )
    if skipped:
        terminalreporter.section(
            f"{sum(skipped.values())} skipped; the reasons, most frequent first"
        )
        for reason, count in skipped.most_common(MOST_REASONS):
            terminalreporter.write_line(f"{count:5}  {reason[:110]}")
        if len(skipped) > MOST_REASONS:
            more = sum(skipped.values()) - sum(n for _, n in skipped.most_common(MOST_REASONS))
            terminalreporter.write_line(f"{more:5}  others: pytest -rs lists them")
    said = [
        dict(report.user_properties)
        for reports in terminalreporter.stats.values()
        for report in reports
        if isinstance(report, pytest.TestReport) and report.when == "call"
    ]
    rows = {each["planted bug"]: each["caught by"] for each in said if "planted bug" in each}
    if rows:
        terminalreporter.section("planted portability bugs, and the backends that caught them")
        width = max(map(len, rows))
        for name in sorted(rows, key=list(BUGS).index):
            caught_by = rows[name] or "none of those installed"
            terminalreporter.write_line(f"{name:<{width}}  {caught_by}")
