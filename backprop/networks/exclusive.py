"""One thread at a time trains a network."""

import threading
from types import TracebackType


class Exclusive:
    """Entered by the thread that trains; another one is refused meanwhile.

    The thread itself may enter again: `Trainer.fit` holds it while `gradient` comes and goes.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owner: int | None = None
        self._depth = 0

    def __enter__(self) -> None:
        me = threading.get_ident()
        if self._owner != me:
            if not self._lock.acquire(blocking=False):
                raise RuntimeError(
                    "one thread at a time can train a network, and another one does now; "
                    "`copy.deepcopy(net)` gives a network of its own"
                )
            self._owner = me
        self._depth += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._depth -= 1
        if not self._depth:
            self._owner = None
            self._lock.release()
