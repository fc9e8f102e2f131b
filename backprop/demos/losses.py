"""Squared error and cross-entropy of a right and of a wrong answer (section 4.2)."""

from backprop import plotting
from backprop.demos.settings import Settings
from backprop.functions import cross_entropy_error, sum_squared_error

T = [0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
RIGHT = [0.1, 0.05, 0.6, 0.0, 0.05, 0.1, 0.0, 0.1, 0.0, 0.0]
WRONG = [0.1, 0.05, 0.1, 0.0, 0.05, 0.1, 0.0, 0.6, 0.0, 0.0]


def run(settings: Settings) -> None:
    """Print both losses where 2 is likely, as it should be, and where 7 is; draw -log x."""
    t = settings.backend.asarray(T)
    for answer, probabilities in (("2", RIGHT), ("7", WRONG)):
        y = settings.backend.asarray(probabilities)
        print(f"the digit is 2, and {answer} is the most probable answer:")
        print("  sum of squared errors:", float(sum_squared_error(y, t)))
        print("  cross-entropy error:  ", float(cross_entropy_error(y, t)))

    if settings.out:
        settings.save(plotting.negative_log(), "negative-log.png")
