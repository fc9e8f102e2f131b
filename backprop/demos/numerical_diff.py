"""Derivatives and partial derivatives by central differences (section 4.3)."""

from typing import Any

from backprop import numerical_diff, plotting
from backprop.demos.settings import Settings


def function_1(x: Any) -> Any:
    """Return 0.01 x² + 0.1 x, whose derivative is 0.02 x + 0.1."""
    return 0.01 * x**2 + 0.1 * x


def function_2(x: Any) -> Any:
    """Return x0² + x1²."""
    return x[0] ** 2 + x[1] ** 2


def run(settings: Settings) -> None:
    """Print the derivatives with the book's step; draw tangents and a surface."""
    print("f(x) = 0.01 x² + 0.1 x")
    print("  at x = 5: ", numerical_diff(function_1, 5, step=1e-4))
    print("  at x = 10:", numerical_diff(function_1, 10, step=1e-4))

    print("f(x0, x1) = x0² + x1² at (3, 4)")
    print("  by x0:", numerical_diff(lambda x0: function_2([x0, 4.0]), 3.0, step=1e-4))
    print("  by x1:", numerical_diff(lambda x1: function_2([3.0, x1]), 4.0, step=1e-4))

    if settings.out:
        settings.save(plotting.tangents(function_1, at=(5, 10), limits=(0, 20)), "tangents.png")
        settings.save(plotting.surface(function_2), "surface.png")
