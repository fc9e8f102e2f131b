"""Functions of variables, each a layer that is recorded."""

from backprop.graph.variable import Variable, apply
from backprop.layers import ExpLayer, LogLayer


def exp(x: Variable) -> Variable:
    """Return e to the power x.

    Examples
    --------
    >>> exp(Variable(0.0))
    Variable(1)
    """
    return apply(ExpLayer(), x)


def log(x: Variable) -> Variable:
    """Return the natural logarithm.

    Examples
    --------
    >>> log(Variable(1.0))
    Variable(0)
    """
    return apply(LogLayer(), x)
