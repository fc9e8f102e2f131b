"""The pytest plugin: ``--backends``, ``--require-backends``, `backend_case` and its markers."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from backends.errors import DeviceUnavailableError
from backends.testing.cases import Case, names, opened
from backends.testing.matrix import MATRIX

MARKERS = (
    "traced: the test runs what it tests by `backend_case.run`, so it has a meaning on jax:jit",
    "needs_values: the test reads values; skipped where arrays have none, on torch:meta",
    "needs_indices: the test calls argmax or argsort; skipped where they can't, on strict:no_x64",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the two options."""
    group = parser.getgroup("backends", "array libraries")
    group.addoption(
        "--backends",
        metavar="NAMES",
        help="run tests that take `backend_case` on these only, comma-separated: numpy, strict, "
        "torch, jax, dpnp, cupy, or one row of the matrix such as strict:device1",
    )
    group.addoption(
        "--require-backends",
        action="store_true",
        help="fail, rather than skip, where one of the backends can't be used",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers; refuse unknown names."""
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)
    _selected(config)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    """Refuse to run any test when a backend that is required can't be had.

    Not earlier: importing JAX fixes its settings, which a conftest may still want to make. Under
    pytest-xdist the process that hands out the tests asks, and its workers do not.
    """
    worker = hasattr(session.config, "workerinput")
    if worker or not session.config.getoption("require_backends"):
        return
    for name in _selected(session.config):
        try:
            with opened(name):
                pass
        except DeviceUnavailableError as error:
            raise pytest.UsageError(f"--require-backends: {name}: {error}") from None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that takes `backend_case` on each backend; on jax:jit if it is marked `traced`."""
    if "backend_case" in metafunc.fixturenames:
        traced = metafunc.definition.get_closest_marker("traced") is not None
        cases = [n for n in _selected(metafunc.config) if traced or not MATRIX[n].traced]
        metafunc.parametrize("backend_case", cases, indirect=True)


@pytest.fixture
def backend_case(request: pytest.FixtureRequest) -> Iterator[Case]:
    """One backend of the matrix: `backend_case.array`, `.run`, `.check`; `Case` says the rest."""
    with ExitStack() as stack:
        try:
            case = stack.enter_context(opened(request.param))
        except DeviceUnavailableError as error:
            pytest.skip(str(error))
        if reason := _unmet(request.node, case):
            pytest.skip(reason)
        yield case


def _unmet(test: pytest.Item, case: Case) -> str:
    """Return what the test needs, by its markers, and the case lacks; empty if it has all."""
    if test.get_closest_marker("needs_values") and not case.has_values:
        return f"{case.name}: arrays have a shape, a dtype and a device, but no values"
    return MATRIX[case.name].no_indices if test.get_closest_marker("needs_indices") else ""


def _selected(config: pytest.Config) -> list[str]:
    option = config.getoption("backends")
    try:
        return names(None if option is None else [n.strip() for n in option.split(",")])
    except ValueError as error:
        raise pytest.UsageError(f"--backends: {error}") from None
