"""Gradients of x0² + x1², and the way down along them (section 4.4)."""

from typing import Any

from backprop import gradient_descent, numerical_gradient, plotting
from backprop.demos.settings import Settings


def function_2(x: Any) -> Any:
    """Return x0² + x1²."""
    return x[0] ** 2 + x[1] ** 2


def run(settings: Settings) -> None:
    """Print gradients, and where three learning rates lead; draw the gradients and the path."""
    asarray, to_numpy = settings.backend.asarray, settings.backend.to_numpy
    for point in ([3.0, 4.0], [0.0, 2.0], [3.0, 0.0]):
        gradient = numerical_gradient(function_2, asarray(point), step=1e-4)
        print(f"gradient at {point}:", to_numpy(gradient))

    start = asarray([-3.0, 4.0])
    for lr in (0.1, 10.0, 1e-10):
        x = gradient_descent(function_2, start, lr=lr, step_num=100, step=1e-4)
        print(f"100 steps from [-3, 4] with learning rate {lr}:", to_numpy(x))

    if settings.out:
        settings.save(plotting.gradient_field(function_2), "gradient-field.png")
        path = [start]
        for _ in range(20):
            path.append(gradient_descent(function_2, path[-1], lr=0.1, step_num=1))
        points = settings.backend.xp.stack(path)
        settings.save(plotting.descent_path(function_2, points), "descent-path.png")
