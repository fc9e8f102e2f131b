"""What functions are said to do, beside what the kit saw them do: a report and a table."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from typing import Any, NamedTuple

from .capabilities import Capabilities, declared, said_of
from .matrix import MATRIX
from .naming import name_of
from .report import Report

Seen = dict[str, dict[str, set[str]]]

seen: Seen = {}
"""By function and row, the verdicts that the kit gave since it was imported."""
_READS = "reads"  # stands among the rows: whether a value was read anywhere

COLUMNS = {
    "NumPy": "numpy",
    "PyTorch": "torch",
    "JAX": "jax",
    "JAX jit": "jax:jit",
    "GPU": "strict:device1",
    "no float64": "strict:no_float64",
}
"""What the table shows of the rows: `strict:device1` stands in for a GPU."""


def note(function: Callable[..., Any], report: Report) -> None:
    """Keep what a report says of a function, for `claims` and `capability_table`."""
    rows = seen.setdefault(name_of(function), {})
    for outcome in report.outcomes:
        rows.setdefault(outcome.backend, set()).add(outcome.verdict)
        if outcome.reads:
            rows.setdefault(_READS, set()).add(outcome.backend)


class Claims(NamedTuple):
    """What is claimed and not tested, and what works and is not claimed, each a line of text."""

    untested: tuple[str, ...]
    unclaimed: tuple[str, ...]

    def __str__(self) -> str:
        lines = [f"claimed and not tested: {line}" for line in self.untested]
        lines += [f"works and is not claimed: {line}" for line in self.unclaimed]
        return "\n".join(lines) or "every claim was tested"


def claims(functions: Iterable[Callable[..., Any]] | None = None) -> Claims:
    """Compare what functions are said to do with what the kit has seen since it was imported.

    Parameters
    ----------
    functions : iterable of callables, optional
        All that `capabilities` stand beside, if not given.
    """
    return _compared(_said(functions), seen)


def record() -> dict[str, Any]:
    """Return what this process knows, said and seen, as plain data for another one."""
    verdicts = {
        name: {row: sorted(found) for row, found in rows.items()} for name, rows in seen.items()
    }
    return {"said": {name: asdict(said) for name, said in declared.items()}, "seen": verdicts}


def claims_of(records: Iterable[Mapping[str, Any]]) -> Claims:
    """Return the claims of all functions, given the records of all processes that ran tests."""
    said: dict[str, Capabilities] = {}
    together: Seen = {}
    for each in records:
        said |= {name: Capabilities(**fields) for name, fields in each["said"].items()}
        for name, rows in each["seen"].items():
            for row, found in rows.items():
                together.setdefault(name, {}).setdefault(row, set()).update(found)
    return _compared(said, together)


def _said(functions: Iterable[Callable[..., Any]] | None) -> Mapping[str, Capabilities]:
    if functions is None:
        return declared
    return {name_of(function): said_of(function) or Capabilities() for function in functions}


def _compared(said: Mapping[str, Capabilities], verdicts: Seen) -> Claims:
    untested, unclaimed = [], []
    for name, claim in said.items():
        rows = verdicts.get(name)
        if not rows:
            untested.append(name)
            continue
        untested += [f"{name} on {row}" for row in _untested(rows, claim)]
        unclaimed += [f"{name}: {what}" for what in _unclaimed(rows, claim)]
    return Claims(tuple(untested), tuple(unclaimed))


def _untested(rows: dict[str, set[str]], said: Capabilities) -> list[str]:
    """Return the rows of the table that a function is said to run on, and was never judged on."""
    claimed = [row for row in COLUMNS.values() if _claim(said, row) == "yes"]
    return [row for row in claimed if not rows.get(row, set()) & {"agrees", "wrong"}]


def _unclaimed(rows: dict[str, set[str]], said: Capabilities) -> list[str]:
    found = []
    if not said.jit and rows.get("jax:jit") == {"agrees"}:
        found.append("jit=False, and it can be traced")
    if said.reads and _READS not in rows and rows.get("strict:cpu") == {"agrees"}:
        found.append("reads=True, and no value was read")
    return found


def _claim(said: Capabilities, row: str) -> str:
    if said.excuse(row, MATRIX[row]):
        return "no"
    if said.expected_failure(row) is not None:
        return "no"
    if row == "jax:jit":
        traced = said.jit and not (
            said.reads or said.boolean_indexing or said.data_dependent_shapes
        )
        return "yes" if traced else "no"
    if row == "strict:no_float64" and said.dtype == "float64":
        return "no"
    return "yes"


def capability_table(
    functions: Iterable[Callable[..., Any]] | None = None, style: str = "markdown"
) -> str:
    """Return a table of what functions do on which library, for a project's documentation.

    "yes" is claimed and was seen by the kit since it was imported, "claimed" was not seen, "no" is
    said not to work, and "wrong" was seen to be. Values are read where that is said, or was seen.

    Parameters
    ----------
    functions : iterable of callables, optional
        All that `capabilities` stand beside, if not given.
    style : str
        ``"markdown"``, or ``"rst"`` for reStructuredText.

    Raises
    ------
    ValueError
        When `style` is neither.
    """
    if style not in ("markdown", "rst"):
        raise ValueError(f"`style` must be 'markdown' or 'rst'; got {style!r}")
    head = ["function", *COLUMNS, "reads values", "needs"]
    body = [_cells(name, said) for name, said in sorted(_said(functions).items(), key=_by_name)]
    if style == "markdown":
        lines = [head, ["---"] * len(head), *body]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return _rst([head, *body])


def _by_name(item: tuple[str, Capabilities]) -> str:
    return item[0]


def _cells(name: str, said: Capabilities) -> list[str]:
    rows = seen.get(name, {})
    cells = []
    for row in COLUMNS.values():
        claim, verdicts = _claim(said, row), rows.get(row, set())
        if claim == "yes" and "wrong" in verdicts:
            claim = "wrong"
        elif claim == "yes" and verdicts != {"agrees"}:
            claim = "claimed"
        cells.append(claim)
    needs = [need for need in sorted(said.needs) if need != "extensions"]
    wanted = ", ".join([*said.extensions, *needs]).replace("_", " ")
    reads = "yes" if said.reads or _READS in rows else "no"
    return [f"`{name.rpartition('.')[2]}`", *cells, reads, wanted or "-"]


def _rst(lines: list[list[str]]) -> str:
    lines = [[cell.replace("`", "``") for cell in line] for line in lines]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    rule = " ".join("=" * width for width in widths)
    text = [" ".join(map(str.ljust, line, widths)).rstrip() for line in lines]
    return "\n".join([rule, text[0], rule, *text[1:], rule])
