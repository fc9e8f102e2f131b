"""The report on running one function on every backend."""

from typing import NamedTuple


class Outcome(NamedTuple):
    """The verdict on what one backend gave.

    Attributes
    ----------
    backend : str
        Name of the row: ``"strict:device1"``.
    verdict : str
        ``"agrees"``; ``"wrong"``; ``"can't tell"``, where the library is at fault or the function
        says that it is not for this row; ``"skipped"``, where the row can't be had here.
    reason : str
        What is wrong, or why nothing can be told, or a remark; empty if there is nothing to say.
    error : Exception, optional
        What the function raised there.
    reads : tuple of str
        The lines at which the host read a value: ``"mod.py:12"``.
    """

    backend: str
    verdict: str
    reason: str = ""
    error: Exception | None = None
    reads: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The verdict's reason and the lines that read a value, in one line."""
        where = ", ".join(self.reads[:3]) + (", ..." if len(self.reads) > 3 else "")
        if not self.reads or self.reason.startswith("reads a value at"):
            return self.reason
        there = len(self.reads) == 1 and self.reason.endswith(f"({where})")
        read = "reads a value there" if there else f"reads a value at {where}"
        return "; ".join(filter(None, [self.reason, read]))


class Report(NamedTuple):
    """The outcome on each backend, in the order they were run; printed, a table."""

    function: str
    outcomes: tuple[Outcome, ...]
    reads_allowed: bool = False

    @property
    def ok(self) -> bool:
        """Whether a backend agrees, none is wrong, and no value is read that may not be."""
        return not self.failed and "agrees" in {o.verdict for o in self.outcomes}

    @property
    def failed(self) -> tuple[str, ...]:
        """Names of the backends that are wrong, or that a value was read on."""
        return tuple(
            o.backend
            for o in self.outcomes
            if o.verdict == "wrong" or (o.reads and not self.reads_allowed)
        )

    @property
    def wrong(self) -> tuple[str, ...]:
        """Names of the backends that gave something wrong."""
        return self._with("wrong")

    @property
    def cannot_tell(self) -> tuple[str, ...]:
        """Names of the backends where nothing can be told of the function."""
        return self._with("can't tell")

    @property
    def skipped(self) -> tuple[str, ...]:
        """Names of the backends that can't be had here, so that nothing is known of them."""
        return self._with("skipped")

    @property
    def reads(self) -> tuple[str, ...]:
        """The lines at which the host read a value, each once."""
        return tuple(dict.fromkeys(place for o in self.outcomes for place in o.reads))

    def _with(self, verdict: str) -> tuple[str, ...]:
        return tuple(o.backend for o in self.outcomes if o.verdict == verdict)

    def _summary(self) -> str:
        found = []
        if self.wrong:
            found.append(f"wrong on {', '.join(self.wrong)}")
        elif self.ok:
            found.append("agrees")
        if self.reads:
            found.append(f"reads a value at {', '.join(self.reads)}")
        if not found:
            found.append("can't tell" if self.cannot_tell else "not run")
        return "; ".join(found)

    def __str__(self) -> str:
        width = max((len(o.backend) for o in self.outcomes), default=0)
        column = max((len(o.verdict) for o in self.outcomes), default=0)
        ran = len(self.outcomes) - len(self.skipped)
        head = f"{self.function} on {ran} of {len(self.outcomes)} backends, held to NumPy float64: "
        rows = [f"  {o.backend:<{width}}  {_line(o, column)}" for o in self.outcomes]
        return "\n".join(row.rstrip() for row in (head + self._summary(), *rows))


def _line(outcome: Outcome, width: int) -> str:
    if outcome.verdict == "agrees":
        return "; ".join(filter(None, ["agrees", outcome.text]))
    return f"{outcome.verdict:<{width}}  {outcome.text}"
