"""Gradients by numerical differentiation, and a checker of gradients derived by hand."""

from backprop.gradients.check import assert_gradients, gradcheck
from backprop.gradients.numerical import gradient_descent, numerical_diff, numerical_gradient
from backprop.gradients.report import Entry, GradientError, Kink, Report, Verdict

__all__ = [
    "Entry",
    "GradientError",
    "Kink",
    "Report",
    "Verdict",
    "assert_gradients",
    "gradcheck",
    "gradient_descent",
    "numerical_diff",
    "numerical_gradient",
]
