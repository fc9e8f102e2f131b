"""One thing made in a thread while the one before is used."""

from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def ahead(items: Iterator[T]) -> Generator[T, None, None]:
    """Yield `items`; the next one is made in another thread meanwhile.

    What fails there is raised here, where that item would come. When nobody wants more, the one
    that is being made is waited for, and no other is begun: close the generator.
    """
    nothing = object()
    with ThreadPoolExecutor(1, "backprop-data") as pool:
        coming = pool.submit(next, items, nothing)
        while (item := coming.result()) is not nothing:
            coming = pool.submit(next, items, nothing)
            yield item  # type: ignore[misc]
