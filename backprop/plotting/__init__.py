"""Pictures, with matplotlib.

Each function draws into `ax`, a `matplotlib.axes.Axes`, and returns it; without `ax` it makes a new
figure. A notebook shows the axes that a cell ends with, `save` writes a file, and nothing is shown
on a screen. Arrays may be of any backend. Functions to draw are evaluated with NumPy arrays.
"""

from backprop.plotting.axes import axes_grid, new_axes, save
from backprop.plotting.curves import accuracy_curves, loss_curve
from backprop.plotting.functions import activations, negative_log, tangents
from backprop.plotting.images import confusion_matrix, digits, weights
from backprop.plotting.landscape import decision_boundary, descent_path, gradient_field, surface
from backprop.plotting.neurons import neurons

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
    "neurons",
    "new_axes",
    "save",
    "surface",
    "tangents",
    "weights",
]
