"""Own words for what typer says of an argument, and the system of a file."""

import re
from typing import Any


def of_system(error: Exception) -> str:
    """Return what to say of an error: of a file its name and what is wrong, without a number."""
    name, what = getattr(error, "filename", None), getattr(error, "strerror", None)
    return f"{name}: {what}" if name and what else str(error)


def own_words(error: Any) -> str:
    """Return what to say of an error of the command line: ``--hidden must be ...; got 'x'``."""
    problems: list[dict[str, Any]] = getattr(error.__cause__, "errors", list)()
    param = getattr(error, "param", None)
    if param is None or not problems:
        return str(error.format_message())
    said = str(problems[0]["msg"]).removeprefix("Value error, ")
    if said.startswith(_name(param)):
        return said  # in our own words already
    requirement = _requirement(problems[0])
    if requirement is None:
        return str(error.format_message())
    return f"{_name(param)} must be {requirement}; got {problems[0]['input']}"


def _name(param: Any) -> str:
    long = [name for name in param.opts if name.startswith("-")]
    return max(long, key=len) if long else str(param.name).upper()


def _requirement(problem: dict[str, Any]) -> str | None:
    kind, limits = problem["type"], problem.get("ctx", {})
    if kind.startswith("int_"):
        return "a whole number"
    if kind.startswith(("float_", "finite_")):
        return "a number"
    if kind == "greater_than_equal":
        return f"at least {limits['ge']}"
    choices = re.search(r" is not one of (.+)", problem["msg"])
    return f"one of {choices[1].rstrip('.').replace(chr(39), '')}" if choices else None
