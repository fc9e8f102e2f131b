"""The pytest plugin of the equivalence kit, and the kit itself under a name of its own.

``--array-backends``, ``--require-array-backends``, ``--array-claims``, the fixture
`backend_case` and its markers. The kit is imported when a test asks for it, so a project that does
not use it pays next to nothing. Nothing is imported as `backends`, for the project may have a
package of that name: ``from pytest_array_backends import assert_equivalent`` always works.
"""

import importlib
import importlib.util
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

MARKERS = (
    "traced: the test runs what it tests by `backend_case.run`, so it has a meaning on jax:jit",
    "needs_values: the test reads values; skipped where arrays have none, on torch:meta",
    "needs_indices: the test calls argmax or argsort; skipped where they can't, on strict:no_x64",
    "skip_backend(name, reason): the test is skipped on the row, or on rows such as 'torch*'",
    "xfail_backend(name, reason, strict): the test is expected to fail there",
    "thread_unsafe: array-api-strict is not as it was while the test runs; for pytest-run-parallel",
)
_MARKS = {"skip_backend": pytest.mark.skip, "xfail_backend": pytest.mark.xfail}
_FOLDER = Path(__file__).resolve().parent / "backends"
_OTHER_NAME = "pytest_array_backends_shim"
_NAMES, _REQUIRED = "ARRAY_BACKENDS", "REQUIRE_ARRAY_BACKENDS"

_environment: dict[str, str | None] = {}
_of_workers: list[dict[str, Any]] = []


def kit() -> ModuleType:
    """Return `backends.testing` if our `backends` is loaded, else the kit under its other name.

    Which package a later ``import backends`` will find is not asked: if it is ours, it is this one.
    """
    if _is_own(sys.modules.get("backends")):
        return importlib.import_module("backends.testing")
    if _OTHER_NAME not in sys.modules:
        spec = importlib.util.spec_from_file_location(
            _OTHER_NAME, _FOLDER / "__init__.py", submodule_search_locations=[str(_FOLDER)]
        )
        assert spec is not None
        assert spec.loader is not None
        sys.modules[_OTHER_NAME] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return importlib.import_module(f"{_OTHER_NAME}.testing")


def _is_own(module: ModuleType | None) -> bool:
    file = getattr(module, "__file__", None)
    return file is not None and Path(file).resolve().parent == _FOLDER


def __getattr__(name: str) -> Any:
    """Return what the kit exports: `assert_equivalent`, `add_row`, ...; `strategies`, `Library`."""
    if name == "strategies":
        return _part("strategies")
    if name == "Library":
        return _part("matrix").Library
    if not name.startswith(("_", "pytest")) and name in kit().__all__:
        return getattr(kit(), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _loaded() -> ModuleType | None:
    """Return the kit if anybody has imported it, else None."""
    for name in ("backends.testing", f"{_OTHER_NAME}.testing"):
        module = sys.modules.get(name)
        if module is not None and _is_own(sys.modules.get(name.rpartition(".")[0])):
            return module
    return None


def _unavailable() -> type[Exception]:
    """Return what is raised where a backend can't be had."""
    shim = kit().__name__.rpartition(".")[0]
    return importlib.import_module(shim).DeviceUnavailableError  # type: ignore[no-any-return]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("array backends", "array libraries")
    group.addoption(
        "--array-backends",
        metavar="NAMES",
        help="run tests that take `backend_case`, and `assert_equivalent`, on these only, "
        "comma-separated: numpy, strict:device1, all of strict, all of 'jax*', -torch:meta for all "
        "but that",
    )
    group.addoption(
        "--require-array-backends",
        action="store_true",
        help="fail, rather than skip, where one of the backends can't be used",
    )
    group.addoption(
        "--array-claims",
        action="store_true",
        help="show what `capabilities` claim and no test showed, and what works and is not claimed",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers; tell the kit of the options; refuse unknown names."""
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)
    chosen = config.getoption("array_backends")
    if chosen is not None:
        _set(_NAMES, chosen)
        _selected()
    if config.getoption("require_array_backends"):
        _set(_REQUIRED, "1")


def pytest_unconfigure() -> None:
    """Leave the environment as it was."""
    while _environment:
        name, before = _environment.popitem()
        if before is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = before


def _set(name: str, value: str) -> None:
    _environment.setdefault(name, os.environ.get(name))
    os.environ[name] = value


def _part(name: str) -> ModuleType:
    """Return a module of the kit."""
    return importlib.import_module(f"{kit().__name__}.{name}")


def _selected() -> list[str]:
    try:
        return list(_part("matrix").selected())
    except ValueError as error:
        raise pytest.UsageError(f"--array-backends: {error}") from None


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    """Refuse to run any test when a backend that is required can't be had.

    Not earlier: importing JAX fixes its settings, which a conftest may still want to make. Under
    pytest-xdist the process that hands out the tests asks, and its workers do not.
    """
    worker = hasattr(session.config, "workerinput")
    if worker or not session.config.getoption("require_array_backends"):
        return
    for name in _selected():
        try:
            with kit().opened(name):
                pass
        except _unavailable() as error:
            raise pytest.UsageError(f"--require-array-backends: {name}: {error}") from None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that takes `backend_case` on each backend, unless it chooses them itself."""
    if "backend_case" not in metafunc.fixturenames:
        return
    for kind in _MARKS:
        for pattern, options in _said(metafunc.definition, kind):
            if pattern is None or (kind == "skip_backend" and not options.get("reason")):
                pytest.fail(f"@pytest.mark.{kind} needs the name of a row and reason=", False)
            try:
                kit().names([pattern])
            except ValueError as error:
                pytest.fail(f"@pytest.mark.{kind}: {error}", False)
    if _chosen_by_hand(metafunc.definition):
        return
    traced = metafunc.definition.get_closest_marker("traced") is not None
    rows = _part("matrix").ROWS
    metafunc.parametrize(
        "backend_case",
        [name for name in _selected() if traced or not rows[name].traced],
        indirect=True,
    )


def _chosen_by_hand(definition: pytest.Item) -> bool:
    for mark in definition.iter_markers("parametrize"):
        names = mark.args[0] if mark.args else mark.kwargs.get("argnames", ())
        if isinstance(names, str):
            names = [name.strip() for name in names.split(",")]
        if "backend_case" in names:
            return True
    return False


def _said(item: pytest.Item, kind: str) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Yield the name of a row and the other arguments of each of a test's markers of that kind."""
    for mark in item.iter_markers(kind):
        named = zip(("name", "reason", "strict"), mark.args, strict=False)
        options: dict[str, Any] = {**dict(named), **mark.kwargs}
        name = options.pop("name", None)
        yield (name if isinstance(name, str) else None), options


def _row_of(item: pytest.Item) -> str | None:
    name = getattr(getattr(item, "callspec", None), "params", {}).get("backend_case")
    return name if isinstance(name, str) else None


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark a test on one row as the test's own markers say, whoever chose the rows."""
    name = _row_of(item)
    if name is None:
        return
    for kind, mark in _MARKS.items():
        for pattern, options in _said(item, kind):
            if _part("matrix").matches(name, pattern):
                item.add_marker(mark(**options))
    if item.get_closest_marker("parametrize") is None:  # by which hypothesis knows what has rows
        item.add_marker(pytest.mark.parametrize("backend_case", [name], indirect=True))
    if name.startswith("strict"):
        item.add_marker(pytest.mark.thread_unsafe)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test on a backend that lacks what it needs by its markers."""
    name = _row_of(item)
    row = _part("matrix").ROWS.get(name) if name else None
    if row is None:
        return
    if item.get_closest_marker("needs_values") and row.device == "meta":
        pytest.skip(f"{name}: arrays have a shape, a dtype and a device, but no values")
    if item.get_closest_marker("needs_indices") and row.no_indices:
        pytest.skip(row.no_indices)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[Any]:
    """Switch off for one test, and no longer, what its row is without."""
    name = _row_of(item)
    row = _part("matrix").ROWS.get(name) if name else None
    if row is None or not row.without:
        return (yield)
    with _part("strictness").switched_off(row.without):
        return (yield)


@pytest.fixture(scope="class")  # for a function that is as often; hypothesis refuses "function"
def backend_case(request: pytest.FixtureRequest) -> Any:
    """One backend of the matrix: `backend_case.array`, `.run`, `.check`; `Case` says the rest."""
    kit().names([request.param])  # an unknown one is a ValueError that names all
    try:
        return _part("cases").case_of(request.param)
    except _unavailable() as error:
        pytest.skip(str(error))


def _findings() -> dict[str, Any]:
    """Return what the summary shows of this process; empty if nobody used the kit."""
    loaded = _loaded()
    if loaded is None:
        return {}
    missing = sys.modules[f"{loaded.__name__}.matrix"].missing
    return {"missing": dict(missing), "record": _part("claims").record()}


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand the findings of a worker of pytest-xdist to the process that prints."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["array_backends"] = _findings()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what a worker of pytest-xdist found."""
    _of_workers.append(getattr(node, "workeroutput", {}).get("array_backends", {}))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Show the backends that could not be had; with ``--array-claims``, the claims."""
    found = [each for each in (*_of_workers, {} if _of_workers else _findings()) if each]
    _of_workers.clear()
    missing = {name: why for each in found for name, why in each["missing"].items()}
    if missing:
        terminalreporter.section("array backends that could not be had")
        for name, why in sorted(missing.items()):
            terminalreporter.write_line(f"{name}: {why}")
    if not config.getoption("array_claims"):
        return
    terminalreporter.section("what functions claim of array backends")
    claims = _part("claims").claims_of(each["record"] for each in found)
    for line in str(claims).splitlines():
        terminalreporter.write_line(line)
