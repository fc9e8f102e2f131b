"""Pictures, with matplotlib: each function draws into `ax` and returns it, and never shows it.

Arrays may be of any backend. Functions that are drawn are evaluated on the host.
"""

from backprop.plotting.axes import axes_grid, new_axes, save
from backprop.plotting.curves import accuracy_curves, loss_curve
from backprop.plotting.functions import activations, negative_log, tangents
from backprop.plotting.images import confusion_matrix, digits, weights
from backprop.plotting.landscape import decision_boundary, descent_path, gradient_field, surface

__all__ = [
    "accuracy_curves",
    "activations",
    "axes_grid",
    "confusion_matrix",
    "decision_boundary",
    "descent_path",
    "digits",
    "gradient_field",
    "loss_curve",
    "negative_log",
    "new_axes",
    "save",
    "surface",
    "tangents",
    "weights",
]
