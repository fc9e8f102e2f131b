"""What the gradient checker found, for people and for programs."""

import math
from dataclasses import dataclass
from enum import StrEnum

from backprop.tables import Table


class Verdict(StrEnum):
    """What became of one gradient."""

    AGREES = "agrees"
    KINK = "kink"
    NOISY = "too noisy to tell"
    UNCHECKED = "not checked"
    WRONG = "wrong"


class GradientError(AssertionError):
    """A gradient is wrong, or a layer does what it must not; the message is the report."""


@dataclass(frozen=True)
class Kink:
    """A coordinate at which the slopes to the left and to the right differ."""

    index: tuple[int, ...]
    left: float
    right: float
    analytic: float

    def __str__(self) -> str:
        return (
            f"{_index(self.index)}: slope {self.left:.6g} to the left, {self.right:.6g} to the "
            f"right, analytic {self.analytic:.6g}"
        )


@dataclass(frozen=True)
class Entry:
    """The verdict on one gradient.

    Attributes
    ----------
    name : str
        The array whose gradient was checked: an input or a parameter.
    shape : tuple of int
        Its shape.
    verdict : Verdict
        `KINK`: it agrees wherever there is a slope, and lies between the two slopes elsewhere.
    reason : str
        Why; empty where there is nothing to add.
    index : tuple of int or None
        The worst coordinate; None for a derivative along a direction, or where none was compared.
    analytic : float
        The hand-written gradient there; nan where none was compared.
    numerical : float
        The numerical one.
    error : float
        The numerical one's error bar.
    checked : int
        How many coordinates were compared.
    kinks : tuple of Kink
        The coordinates with two slopes, the widest apart first.
    """

    name: str
    shape: tuple[int, ...]
    verdict: Verdict
    reason: str
    index: tuple[int, ...] | None
    analytic: float
    numerical: float
    error: float
    checked: int
    kinks: tuple[Kink, ...] = ()


def unmeasured(name: str, own: tuple[int, ...], verdict: Verdict, reason: str) -> Entry:
    """Return the verdict on a gradient that was not compared."""
    return Entry(name, own, verdict, reason, None, math.nan, math.nan, math.nan, 0)


@dataclass(frozen=True)
class Report:
    """What `gradcheck` found.

    Attributes
    ----------
    target : str
        What was checked.
    mode : str
        ``"full"``, ``"sampled"`` or ``"directional"``.
    entries : tuple of Entry
        One for each gradient.
    problems : tuple of str
        What else is wrong: inputs changed, `dout` ignored, a wrong dtype, ...
    remarks : tuple of str
        What is worth knowing and no fault: what was left out, what was put back.
    allowed : tuple of Verdict
        Verdicts beside *agrees* and *kink* that the caller lets pass.
    """

    target: str
    mode: str
    entries: tuple[Entry, ...]
    problems: tuple[str, ...]
    remarks: tuple[str, ...] = ()
    allowed: tuple[Verdict, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether every gradient was compared, could have failed, and did not; and no problem."""
        passing = (Verdict.AGREES, Verdict.KINK, *self.allowed)
        return not self.problems and all(e.verdict in passing for e in self.entries)

    def __getitem__(self, name: str) -> Entry:
        """Return the entry called `name`."""
        for entry in self.entries:
            if entry.name == name:
                return entry
        raise KeyError(
            f"entry must be one of {', '.join(e.name for e in self.entries)}; got {name!r}"
        )

    def raise_if_failed(self) -> None:
        """Raise a GradientError with the report unless `ok`."""
        if not self.ok:
            raise GradientError(str(self))

    def rows(self) -> list[tuple[str, ...]]:
        """Return the table, its head first: a row for each gradient."""
        head = ("gradient", "verdict", "worst at", "analytic", "numerical", "± error", "compared")
        return [head, *(_row(entry) for entry in self.entries)]

    def notes(self) -> list[str]:
        """Return what stands below the table: reasons, kinks and problems."""
        notes = [f"{e.name}: {e.reason}" for e in self.entries if e.reason]
        for entry in self.entries:
            notes += [f"{entry.name} has a kink at {kink}" for kink in entry.kinks[:3]]
            if len(entry.kinks) > 3:
                notes.append(f"{entry.name} has {len(entry.kinks) - 3} more kinks")
        notes += [f"problem: {problem}" for problem in self.problems]
        return notes + [f"note: {remark}" for remark in self.remarks]

    def title(self) -> str:
        """Return the first line."""
        return f"gradients of {self.target}, {self.mode}: {'ok' if self.ok else 'FAILED'}"

    def _table(self) -> Table:
        head, *rows = self.rows()
        return Table(self.title(), head, rows, self.notes())

    def __str__(self) -> str:
        return self._table().text()

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return self._table().html()


def _row(entry: Entry) -> tuple[str, ...]:
    name = f"{entry.name} {entry.shape}" if entry.shape else entry.name
    if entry.checked == 0:
        return name, entry.verdict, "", "", "", "", "0"
    where = "a direction" if entry.index is None else _index(entry.index)
    numbers = f"{entry.analytic:.6g}", f"{entry.numerical:.6g}", f"{entry.error:.1e}"
    return name, entry.verdict, where, *numbers, str(entry.checked)


def _index(index: tuple[int, ...]) -> str:
    return f"[{', '.join(map(str, index))}]"
