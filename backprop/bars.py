"""When a progress bar is drawn, and what is said where it can't be."""

from collections.abc import Callable
from typing import TypeVar

from backends.distribution import pip_install

Bar = TypeVar("Bar")


def bar_or_none(make: Callable[[], Bar], show: bool | None, wanted: bool) -> Bar | None:
    """Return a new bar, or None where none is to be drawn.

    Parameters
    ----------
    make : callable
        Makes the bar; rich may be missing for it.
    show : bool or None
        Whether it must be drawn; None where that is left open.
    wanted : bool
        Whether it is drawn then, if rich is installed.

    Raises
    ------
    ModuleNotFoundError
        When it must be drawn and rich is not installed.
    """
    if not (wanted if show is None else show):
        return None
    try:
        return make()
    except ModuleNotFoundError:
        if show:
            raise ModuleNotFoundError(f"a progress bar needs rich: {pip_install('cli')}") from None
        return None
