"""The matrix sees what it is for: each planted bug is caught by a backend that CI runs."""

import pytest

from backends import namespace
from backends.testing import Report, equivalence, names
from tests.portability.bugs import BUGS

RUN_BY_CI = ("numpy*", "strict", "torch*", "jax*")


def report(function, inputs) -> Report:
    """Hold a function that takes its namespace first to what NumPy gives, as a user would."""
    return equivalence(
        lambda *arrays: function(namespace(*arrays), *arrays), *inputs, backends=RUN_BY_CI
    )


@pytest.mark.parametrize("name", BUGS)
def test_a_function_without_the_bug_is_caught_nowhere(name):
    result = report(BUGS[name].right, BUGS[name].inputs)
    assert result.ok, str(result)


@pytest.mark.parametrize("name", BUGS)
def test_a_planted_bug_is_caught(name, record_property):
    bug = BUGS[name]
    result = report(bug.wrong, bug.inputs)
    record_property("planted bug", name)
    record_property("caught by", ", ".join(result.failed))
    due = set(bug.by.split()) - set(result.skipped)
    if not due and not result.failed:
        pytest.skip(f"{bug.by} would notice, and can't be used")
    assert result.failed, f"no backend noticed: {name}"
    assert due <= set(result.failed), str(result)


def test_each_backend_is_there_to_see_something():
    assert {row for bug in BUGS.values() for row in bug.by.split()} == set(names(RUN_BY_CI))
