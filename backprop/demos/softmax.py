"""Probabilities from scores, without overflow (section 3.5)."""

from backprop.demos.settings import Settings
from backprop.functions import softmax


def run(settings: Settings) -> None:
    """Print softmax of small and of large scores, and that the probabilities sum to 1."""
    xp = settings.backend.xp
    for scores in ([0.3, 2.9, 4.0], [1010.0, 1000.0, 990.0]):
        y = softmax(settings.backend.asarray(scores))
        print(f"softmax of {scores}:", settings.backend.to_numpy(y))
        print("their sum:", float(xp.sum(y)), " the largest:", int(xp.argmax(y)))
