"""Step, sigmoid, ReLU and tanh of three numbers (section 3.2)."""

from backprop import plotting
from backprop.demos.settings import Settings
from backprop.functions import relu, sigmoid, step, tanh


def run(settings: Settings) -> None:
    """Print the functions' values; draw all four."""
    x = settings.backend.asarray([-1.0, 1.0, 2.0])
    print("x      ", settings.backend.to_numpy(x))
    for function in (step, sigmoid, relu, tanh):
        print(f"{function.__name__:7}", settings.backend.to_numpy(function(x)))

    if settings.out:
        settings.save(plotting.activations(), "activations.png")
