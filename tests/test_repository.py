"""The files around the code: what they name is there, and actions are pinned."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TALK_OF_MAKE = [
    ROOT / ".ci" / "run",
    ROOT / ".github" / "pull_request_template.md",
    ROOT / "CHANGELOG.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "README.md",
    *WORKFLOWS,
    *sorted((ROOT / "benchmarks").glob("*.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]


def text(path):
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", TALK_OF_MAKE, ids=lambda path: path.name)
def test_what_make_is_asked_for_is_a_target(path):
    targets = re.findall(r"^([a-z-]+):", text(ROOT / "Makefile"), re.M)
    code = re.findall(r"`([^`]+)`|^ +(.+)$|^(make .+)$", text(path), re.M)
    asked = re.findall(r"\bmake ([a-z-]+)", "\n".join("".join(groups) for groups in code))
    assert set(asked) <= set(targets)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_by_commit(path):
    uses = re.findall(r"uses: (.+)", text(path))
    assert uses
    assert all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", use) for use in uses)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_may_read_only(path):
    assert re.search(r"^permissions:\n  contents: read$", text(path), re.M)
    assert re.search(r"^concurrency:$", text(path), re.M)
