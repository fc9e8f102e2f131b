"""What a drawing says: values in short form, and the signs of operations."""

import math
import numbers
from decimal import Decimal
from typing import Any

import backends
from backprop.arrays import shape
from backprop.graph.operation import Constant, Operation
from backprop.layers import AddLayer, DivLayer, ExpLayer, LogLayer, MatMul, MulLayer, SubLayer
from backprop.layers.power import PowLayer

PRINTED = 4  # entries of the longest vector that is printed

SIGNS: dict[type, str] = {
    AddLayer: "+",
    SubLayer: "−",
    MulLayer: "×",
    DivLayer: "÷",
    MatMul: "@",
    PowLayer: "xʸ",
    ExpLayer: "exp",
    LogLayer: "log",
}

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def short(x: Any) -> str:
    """Return a number, or the few numbers of a short vector, to six digits; else the shape.

    Only what is printed is brought to the host.

    Examples
    --------
    >>> short(110.00000000000001)
    '110'
    >>> import numpy as np
    >>> short(np.array([0.1 + 0.2, 1])), short(np.ones((100, 50)))
    ('[0.3, 1]', '(100, 50)')
    """
    if not hasattr(x, "dtype"):
        return _number(x)
    backend = backends.of(x)
    if x.ndim > 1 or not 1 <= math.prod(x.shape) <= PRINTED or not backend.has_values:
        return str(shape(x))
    host = backend.to_numpy(x).tolist()
    return f"[{', '.join(map(_number, host))}]" if x.ndim else _number(host)


def _number(x: Any) -> str:
    if isinstance(x, numbers.Integral):
        n = int(x)
        return str(n) if abs(n) < 10**9 else f"{Decimal(n).normalize():.6g}"
    return f"{float(x) + 0.0:.6g}"  # + 0.0: no minus before a zero


def sign(operation: Operation) -> str:
    """Return what stands in the circle of an operation."""
    if operation.name is not None:
        return operation.name
    layer = operation.layer
    if has_fixed_exponent(operation):
        exponent = short(operation.inputs[1].value)
        raised = exponent.translate(_RAISED)
        return f"x^{exponent}" if "." in exponent or "e" in exponent else f"x{raised}"
    return SIGNS.get(type(layer), type(layer).__name__)


def has_fixed_exponent(operation: Operation) -> bool:
    """Tell whether this is x to the power of a constant number, which is part of its sign."""
    if not isinstance(operation.layer, PowLayer):
        return False
    exponent = operation.inputs[1]
    return isinstance(exponent, Constant) and isinstance(exponent.value, numbers.Real)


def plain(name: str | None) -> str:
    """Return a name on one line, without what can't be printed; nothing for no name."""
    return "".join(c if c.isprintable() else " " for c in name or "")
