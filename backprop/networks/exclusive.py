"""One thread at a time trains a network; others may copy it between two of its steps."""

import contextlib
import threading
import time
from collections.abc import Iterator
from types import TracebackType
from typing import NoReturn


class Exclusive:
    """Entered by the thread that trains; another one is refused meanwhile.

    The thread itself may enter again: `Trainer.fit` holds it while `gradient` comes and goes.

    Attributes
    ----------
    acquire, release
        Those of the lock, for a step, in which every microsecond counts.
    step : lock
        Held while arrays change.
    turn : lock
        Held by who copies, from before `step` is free, and passed through before each step of
        training: steps, which follow each other at once, let others between them.
    donates : bool
        Whether steps give the memory of the arrays away, as compiled ones do: who reads them
        meanwhile must wait for the end of a step.
    """

    def __init__(self) -> None:
        lock = threading.RLock()
        self.acquire, self.release = lock.acquire, lock.release
        self.step, self.turn = threading.RLock(), threading.RLock()
        self.donates = False
        self._readers: set[object] = set()

    def __enter__(self) -> None:
        if not self.acquire(False):
            self.refuse()

    def refuse(self) -> NoReturn:
        """Raise a RuntimeError that says what to do instead."""
        raise RuntimeError(
            "one thread at a time can train a network, and another one does now; "
            "`copy.deepcopy(net)` gives a network of its own"
        )

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()

    @contextlib.contextmanager
    def between_steps(self) -> Iterator[None]:
        """Wait for the end of a step that another thread takes; the next one waits for this."""
        if self.step.acquire(False):  # it is free, or this thread's own
            try:
                yield
            finally:
                self.step.release()
            return
        with self.turn, self.step:
            yield

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """Read arrays in this: it waits where steps of another thread give them away."""
        reader = object()
        try:
            self._readers.add(reader)
            if not self.donates:
                yield
                return
        finally:
            self._readers.discard(reader)
        with self.between_steps():
            yield

    def donate(self) -> None:
        """Give arrays away from now on, when those who read them already have ended."""
        self.donates = True
        while self._readers:
            time.sleep(0.001)
