"""The matrix sees what it is for: each planted bug is caught by a backend that CI runs."""

import pytest

from backends import namespace
from backends.testing import Report, equivalence
from tests.portability.bugs import BUGS

RUN_BY_CI = ("numpy", "strict", "torch", "jax")


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
    result = report(BUGS[name].wrong, BUGS[name].inputs)
    record_property("planted bug", name)
    record_property("caught by", ", ".join(result.wrong))
    if result.skipped and not result.wrong:
        pytest.skip(
            f"no backend that is installed notices; {', '.join(result.skipped)} can't be used"
        )
    assert result.wrong, f"no backend noticed: {name}"
