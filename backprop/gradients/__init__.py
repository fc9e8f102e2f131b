"""Gradients derived by hand, checked against numerical ones."""

from backprop.gradients.check import assert_gradients, gradcheck
from backprop.gradients.report import Entry, GradientError, Kink, Report, Verdict

__all__ = [
    "Entry",
    "GradientError",
    "Kink",
    "Report",
    "Verdict",
    "assert_gradients",
    "gradcheck",
]
