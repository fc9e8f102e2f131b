"""Signals that end training: the first one in order, between two steps; a second one at once."""

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

INTERRUPT = ("SIGINT",)
ALL = ("SIGINT", "SIGTERM", "SIGHUP")


class Interruption:
    """Takes signals while it is entered; `received` says which one came, None before.

    A second signal raises KeyboardInterrupt where it comes. Signals that somebody else takes, or
    that are ignored, as by `nohup`, stay so; outside the main thread it does nothing, as Python
    delivers signals there.

    Parameters
    ----------
    names : tuple of str
        The signals, as far as the system has them.
    """

    def __init__(self, names: tuple[str, ...]) -> None:
        self.received: int | None = None
        self._names = names
        self._before: dict[int, Callable[..., Any] | int | None] = {}

    def __call__(self) -> bool:
        """Tell whether a signal has come."""
        return self.received is not None

    def __enter__(self) -> "Interruption":
        if threading.current_thread() is threading.main_thread():
            for number in (getattr(signal, name, None) for name in self._names):
                if number is not None:
                    before = signal.getsignal(number)
                    if before in (signal.SIG_DFL, signal.default_int_handler):
                        self._before[number] = before
                        signal.signal(number, self._take)
        return self

    def _take(self, number: int, frame: FrameType | None) -> None:
        if self.received is not None:
            raise KeyboardInterrupt
        self.received = number

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)
        self._before = {}
