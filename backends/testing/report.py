"""The report on running one function on every backend."""

from typing import NamedTuple


class Outcome(NamedTuple):
    """The verdict on what one backend gave.

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
        """Whether at least one backend ran the function, and none gave anything wrong."""
        return not self.wrong and "agrees" in {o.verdict for o in self.outcomes}

    @property
    def wrong(self) -> tuple[str, ...]:
        """Names of the backends that gave something wrong."""
        return tuple(o.backend for o in self.outcomes if o.verdict == "wrong")

    @property
    def skipped(self) -> tuple[str, ...]:
        """Names of the backends that can't be had here, so that nothing is known of them."""
        return tuple(o.backend for o in self.outcomes if o.verdict == "skipped")

    def __str__(self) -> str:
        width = max((len(o.backend) for o in self.outcomes), default=0)
        ran = len(self.outcomes) - len(self.skipped)
        head = f"{self.function} on {ran} of {len(self.outcomes)} backends, held to NumPy float64: "
        head += "agrees" if self.ok else f"wrong on {', '.join(self.wrong)}" if ran else "not run"
        rows = [f"  {o.backend:<{width}}  {o.verdict:<7}  {o.reason}" for o in self.outcomes]
        return "\n".join(row.rstrip() for row in (head, *rows))
