"""Time candidates in turns (A B A B ...) and compare medians.

On a shared machine an absolute time says nothing: its speed drifts. Candidates that take turns
drift together, so that the ratio of their medians holds.
"""

import statistics
import time
from collections.abc import Callable, Mapping


def alternate(
    candidates: Mapping[str, Callable[[], object]],
    seconds: float = 2.0,
    least: int = 5,
    turn: float = 0.01,
) -> dict[str, float]:
    """Return the median seconds of a call of each candidate.

    Parameters
    ----------
    candidates : mapping of str to callable
        What takes turns; each is called a few times before, to warm up.
    seconds : float
        Time to spend on all, about.
    least : int
        Smallest number of rounds.
    turn : float
        Seconds of a turn, about, in as many calls as it takes.
    """
    calls = {name: _calls_in(call, turn) for name, call in candidates.items()}
    times: dict[str, list[float]] = {name: [] for name in candidates}
    end = time.perf_counter() + seconds
    rounds = 0
    while rounds < least or time.perf_counter() < end:
        for name, call in candidates.items():
            times[name].append(_time(call, calls[name]))
        rounds += 1
    return {name: statistics.median(values) for name, values in times.items()}


def _time(call: Callable[[], object], count: int) -> float:
    start = time.perf_counter()
    for _ in range(count):
        call()
    return (time.perf_counter() - start) / count


def _calls_in(call: Callable[[], object], seconds: float) -> int:
    call()
    fastest = min(_time(call, 1) for _ in range(3))  # what is compiled may be so at its second call
    return max(1, round(seconds / fastest))
