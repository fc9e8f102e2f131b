"""Print the lowest versions that pyproject.toml allows, as constraints for pip.

    python scripts/lowest.py test > build/lowest.txt
    python -m pip install --editable '.[test]' --constraint build/lowest.txt

The arguments are extras; what the package always needs is among the constraints.
"""

import re
import sys
import tomllib
from pathlib import Path

PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"
REQUIREMENT = re.compile(r"([\w-]+)(?:\[([\w,]+)\])?(?:>=([\w.]+))?")


def lowest(extras: list[str]) -> dict[str, str]:
    """Return the lowest version of each requirement of the package and of `extras`."""
    project = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]
    found: dict[str, str] = {}
    waiting = list(project["dependencies"])
    waiting += [each for extra in extras for each in project["optional-dependencies"][extra]]
    for requirement in waiting:
        match = REQUIREMENT.fullmatch(requirement)
        if match is None:
            raise ValueError(f"a requirement must be NAME>=VERSION; got {requirement}")
        name, more, version = match.groups()
        if name == project["name"]:
            found |= lowest(more.split(","))
        else:
            found[name] = version
    return found


if __name__ == "__main__":
    for name, version in sorted(lowest(sys.argv[1:]).items()):
        print(f"{name}=={version}")
