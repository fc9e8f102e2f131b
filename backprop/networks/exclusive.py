"""One thread at a time trains a network."""

import threading
from types import TracebackType
from typing import NoReturn


class Exclusive:
    """Entered by the thread that trains; another one is refused meanwhile.

    The thread itself may enter again: `Trainer.fit` holds it while `gradient` comes and goes.

    Attributes
    ----------
    acquire, release
        Those of the lock, for a step, in which every microsecond counts.
    """

    def __init__(self) -> None:
        lock = threading.RLock()
        self.acquire, self.release = lock.acquire, lock.release

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
