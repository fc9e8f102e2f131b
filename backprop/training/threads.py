"""How many threads multiply matrices: one, where the products are small; else a share of the cores.

NumPy's BLAS splits a product among all cores, which gains nothing where it takes a millisecond, and
on a busy machine each product waits until every core has had its turn. So does each product of
several processes that all use every core of one machine.
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
def few_threads(net: Network, x: Array, samples: int, cores: int | None = None) -> Iterator[None]:
    """Compute with fewer threads meanwhile: one, if the products of so many inputs are small.

    That is on NumPy alone. On every library that has threads of its own, BLAS or OpenMP, no more
    than `cores` of them, if that is given. Nothing changes where one of `VARIABLES` says how many
    there shall be. Afterwards all is as it was.
    """
    xp = backends.namespace(x)
    limit, kind = cores, None
    if xp is backends.host().xp and largest_product(net, x, samples) <= SMALL:
        limit, kind = 1, "blas"
    asked = any(os.environ.get(name) for name in VARIABLES)
    if limit is None or asked or not _taken.acquire(blocking=False):
        yield
        return
    try:
        with _controller(xp.__name__).limit(limits=limit, user_api=kind):
            yield
    finally:
        _taken.release()


@cache
def _controller(library: str) -> Any:
    """Return what sets the number of threads; it looks through what a library has loaded, once."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
