"""How many threads multiply matrices: one, where the products are small.

NumPy's BLAS splits a product among all cores, which gains nothing where it takes a millisecond, and
on a busy machine each product waits until every core has had its turn.
"""

import math
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import backends
from backends import Array
from backprop.arrays import shape
from backprop.networks import Network

SMALL = 100_000_000  # multiplications in one product: some 2 ms on one core
VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS")

_taken = threading.Lock()  # the limit is the whole process's: who set it, and no other, lifts it


def largest_product(net: Network, x: Array, samples: int) -> int:
    """Return about how many multiplications the largest product of a step on such inputs takes."""
    places = math.prod(shape(x)[2:])  # a filter is applied to each
    return max(
        (
            samples * math.prod(shape(array)) * (places if array.ndim > 2 else 1)
            for array in net.params.values()
            if array.ndim > 1
        ),
        default=0,
    )


@contextmanager
def few_threads(net: Network, x: Array, samples: int) -> Iterator[None]:
    """Compute with one thread meanwhile, if the products of so many inputs like `x` are small.

    Only on NumPy, and not where one of `VARIABLES` says how many there shall be. Afterwards all is
    as it was.
    """
    asked = any(os.environ.get(name) for name in VARIABLES)
    here = backends.namespace(x) is backends.host().xp
    small = here and not asked and largest_product(net, x, samples) <= SMALL
    if not small or not _taken.acquire(blocking=False):
        yield
        return
    try:
        with _controller().limit(limits=1, user_api="blas"):
            yield
    finally:
        _taken.release()


@cache
def _controller() -> Any:
    """Return what sets the number of threads; it looks through all loaded libraries, so once."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
