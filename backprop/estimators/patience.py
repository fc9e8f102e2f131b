"""Early stopping: training ends when a score on samples kept apart no longer rises."""

from collections.abc import Callable
from typing import Any

from backprop.networks import Network
from backprop.training import History


class Patience:
    """Looks at a score after each epoch, and says when it has waited long enough for a better one.

    Parameters
    ----------
    net : Network
        That which is trained.
    score : callable
        Returns the score of the network as it is now, the higher the better.
    epochs : int
        How many epochs to wait for a score that is better by more than `tol`.
    tol : float
        What counts as better.

    Attributes
    ----------
    scores : list of float
        That of each epoch.
    """

    def __init__(self, net: Network, score: Callable[[], float], epochs: int, tol: float) -> None:
        self.net, self.score, self.epochs, self.tol = net, score, epochs, tol
        self.scores: list[float] = []
        self._best = self._wanted = -float("inf")
        self._waited = 0
        self._kept: dict[str, Any] = net.state_dict()

    def look(self, history: History) -> None:
        """Take in the score after an epoch, and keep the network if it is the best so far."""
        score = self.score()
        self.scores.append(score)
        if score > self._best:
            self._best, self._kept = score, self.net.state_dict()
        if score > self._wanted + self.tol:
            self._wanted, self._waited = score, 0
        else:
            self._waited += 1

    def is_over(self) -> bool:
        """Tell whether to end training."""
        return self._waited >= self.epochs

    def put_back(self) -> None:
        """Let the network be what it was when its score was highest."""
        self.net.load_state_dict(self._kept)
