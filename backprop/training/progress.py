"""The progress bar of a training run, drawn by rich, or by the notebook that it runs in."""

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

from backprop.bars import bar_or_none
from backprop.training.history import History
from backprop.training.notebook import NotebookBar, in_notebook

_REDRAW_SECONDS = 0.1
_WIDE = 100  # columns; in fewer there are a bar, its percentage and the time left


class Progress:
    """A bar with loss, accuracies and samples per second; a context manager.

    Parameters
    ----------
    total : int
        Number of iterations.
    show : bool, optional
        Draw it or not; if not given, only in a notebook, and in a terminal when rich is installed.

    Raises
    ------
    ModuleNotFoundError
        When it must be shown and rich is not installed.
    """

    def __init__(self, total: int, show: bool | None = None) -> None:
        self._iterations = self._samples = 0
        self._start = self._drawn = time.perf_counter()
        notebook = in_notebook()
        make: Callable[[], Any] = NotebookBar if notebook else _rich_bar
        self._bar: Any = bar_or_none(make, show, notebook or sys.stdout.isatty())
        if self._bar is not None:
            self._task = self._bar.add_task("training", total=total, scores="", speed="")

    def advance(self, samples: int) -> None:
        """Count one iteration over `samples` samples."""
        if self._bar is None:
            return
        self._iterations += 1
        self._samples += samples
        now = time.perf_counter()
        if now - self._drawn > _REDRAW_SECONDS:
            self._drawn = now
            self._draw()

    def report(self, history: History) -> None:
        """Show the loss and the accuracies of the epoch that ended."""
        if self._bar is None:
            return
        scores = f"loss {history.loss[-1]:.4f}  train {history.train_accuracy[-1]:.2%}"
        if history.test_accuracy:
            scores += f"  test {history.test_accuracy[-1]:.2%}"
        self._bar.update(self._task, scores=scores)

    def _draw(self) -> None:
        seconds = time.perf_counter() - self._start
        speed = f"{self._samples / seconds / 1000:,.0f}k samples/s"
        self._bar.update(self._task, completed=self._iterations, speed=speed)

    def __enter__(self) -> "Progress":
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._draw()
            self._bar.stop()


def _rich_bar() -> Any:
    import rich
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    console = rich.get_console()
    fields = ("speed", "scores") if console.width >= _WIDE else ()
    texts = [TextColumn(f"{{task.fields[{name}]}}") for name in fields]
    return Bar(
        BarColumn(bar_width=None),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        *texts,
        console=console,
        expand=True,
        transient=True,
    )
