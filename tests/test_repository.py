"""The files around the code: what they name is there, and actions are pinned."""

import re
import tomllib
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


PROJECT = tomllib.loads(text(ROOT / "pyproject.toml"))


def test_the_readme_of_an_index_has_no_relative_link_or_picture():
    """`pyproject.toml` says what the build puts in their places."""
    shown = text(ROOT / "README.md")
    before = re.findall(r"\]\(([^)]+)\)", shown)
    for each in PROJECT["tool"]["hatch"]["metadata"]["hooks"]["fancy-pypi-readme"]["substitutions"]:
        shown = re.sub(each["pattern"], each["replacement"], shown)
    after = re.findall(r"\]\(([^)]+)\)", shown)
    assert len(before) == len(after) > 15
    assert [link for link in after if not link.startswith("https://")] == []
    pictures = re.findall(r"!\[[^]]*\]\((.+?)\)", shown)
    assert all(link.startswith("https://raw.githubusercontent.com/") for link in pictures)
    assert len(pictures) == 1


def test_the_license_names_that_of_the_data_too():
    assert PROJECT["project"]["license"] == "MIT AND CC-BY-SA-3.0"
    for name in PROJECT["project"]["license-files"]:
        assert (ROOT / name).is_file()


def test_the_owner_of_the_repository_is_a_word_that_is_easy_to_find():
    urls = [*PROJECT["project"]["urls"].values()]
    assert len(urls) == 3
    assert all(url.startswith("https://github.com/OWNER/backprop") for url in urls)
