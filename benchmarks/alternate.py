"""Timing side by side: A B A B ... in one process, medians, and what one costs of the other.

On a shared machine an absolute time says nothing: its speed drifts. Candidates that take turns
drift together, so that the ratio of their medians holds.
"""

import statistics
import time
from collections.abc import Callable, Mapping


def alternate(
    candidates: Mapping[str, Callable[[], object]], seconds: float = 2.0, least: int = 5
) -> dict[str, float]:
    """Return the median seconds of a call of each candidate.

    Parameters
    ----------
    candidates : mapping of str to callable
        They take turns; each is called once before, to warm up.
    seconds : float
        About how long to go on.
    least : int
        Rounds at the least.
    """
    for call in candidates.values():
        call()
    times: dict[str, list[float]] = {name: [] for name in candidates}
    end = time.perf_counter() + seconds
    rounds = 0
    while rounds < least or time.perf_counter() < end:
        for name, call in candidates.items():
            start = time.perf_counter()
            call()
            times[name].append(time.perf_counter() - start)
        rounds += 1
    return {name: statistics.median(values) for name, values in times.items()}
