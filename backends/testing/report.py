"""What came out of running one function on every backend."""

from typing import NamedTuple


class Outcome(NamedTuple):
    """What one backend gave.

    Attributes
    ----------
    backend : str
        Name of the case: ``"strict:device1"``.
    verdict : str
        ``"agrees"``, ``"wrong"`` or ``"skipped"``.
    reason : str
        What is wrong, or why it was skipped; empty if it agrees.
    error : Exception, optional
        What the function raised there.
    """

    backend: str
    verdict: str
    reason: str = ""
    error: Exception | None = None


class Report(NamedTuple):
    """The outcome on each backend, in the order they were run; printed, a table."""

    function: str
    outcomes: tuple[Outcome, ...]

    @property
    def ok(self) -> bool:
        """Whether no backend gave anything wrong."""
        return not self.wrong

    @property
    def wrong(self) -> tuple[str, ...]:
        """Names of the backends that gave something wrong."""
        return tuple(o.backend for o in self.outcomes if o.verdict == "wrong")

    def __str__(self) -> str:
        width = max((len(o.backend) for o in self.outcomes), default=0)
        head = f"{self.function} on {len(self.outcomes)} backends, held to NumPy float64: "
        head += "agrees" if self.ok else f"wrong on {', '.join(self.wrong)}"
        rows = [f"  {o.backend:<{width}}  {o.verdict:<7}  {o.reason}" for o in self.outcomes]
        return "\n".join(row.rstrip() for row in (head, *rows))
