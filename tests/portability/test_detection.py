"""The matrix sees what it is for: each planted bug is caught by a backend that CI runs."""

import pytest

from backends import DeviceUnavailableError
from backends.testing import names, opened
from tests.portability.bugs import BUGS
from tests.portability.program import exercise

RUN_BY_CI = ("numpy", "strict", "torch", "jax")


def caught() -> list[str]:
    """Return the backends on which the program fails, of those that there are."""
    failed = []
    for name in names(RUN_BY_CI):
        try:
            with opened(name) as case:
                try:
                    exercise(case)
                except Exception:  # whatever a library raises
                    failed.append(name)
        except DeviceUnavailableError:
            continue
    return failed


def absent() -> list[str]:
    """Return the backends that CI has and that can't be had here."""
    missing = []
    for name in names(RUN_BY_CI):
        try:
            with opened(name):
                pass
        except DeviceUnavailableError:
            missing.append(name)
    return missing


def test_the_library_itself_is_caught_nowhere():
    for name in names(RUN_BY_CI):
        try:
            with opened(name) as case:
                exercise(case)
        except DeviceUnavailableError:
            continue


@pytest.mark.parametrize("name", BUGS)
def test_a_planted_bug_is_caught(name, monkeypatch, detection_table):
    BUGS[name].plant(monkeypatch)
    row = detection_table[name] = caught()
    if not row and (missing := absent()):
        pytest.skip(f"no backend that is installed notices; {', '.join(missing)} can't be used")
    assert row, f"no backend noticed: {name}"
