"""The progress bar of a long check, drawn by rich: evaluations of φ."""

import sys
from types import TracebackType
from typing import Any

from backprop.bars import bar_or_none
from backprop.numerical.phi import Phi

_LONG = 2.0  # seconds of a check that is worth a bar


class Progress:
    """A bar that counts evaluations of φ; a context manager.

    Parameters
    ----------
    phi : Phi
        The function.
    total : int
        How often it will be evaluated, about.
    seconds : float
        How long one evaluation takes.
    show : bool, optional
        Draw it or not; if not given, only for a long check, on a terminal, if rich is installed.

    Raises
    ------
    ModuleNotFoundError
        When it must be shown and rich is not installed.
    """

    def __init__(self, phi: Phi, total: int, seconds: float, show: bool | None = None) -> None:
        self._phi, self._value = phi, phi.value
        wanted = total * seconds > _LONG and sys.stdout.isatty()
        self._bar: Any = bar_or_none(_rich_bar, show, wanted)
        if self._bar is not None:
            self._task = self._bar.add_task("gradients", total=total)

    def _counted(self) -> object:
        self._bar.advance(self._task)
        return self._value()

    def __enter__(self) -> None:
        if self._bar is not None:
            self._bar.start()
            self._phi.value = self._counted

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._phi.value = self._value
            self._bar.stop()


def _rich_bar() -> Any:
    import rich
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=rich.get_console(),
        transient=True,
    )
