"""Variables, which record what operators, layers, `exp` and `log` compute from them."""

import os
from collections.abc import Callable
from typing import Any

from backprop.graph import drawing
from backprop.graph.diagram import short
from backprop.graph.drawing import Drawing
from backprop.graph.record import Constant, LayerLike, Recorded, apply_as, check_value
from backprop.layers import (
    AddLayer,
    DivLayer,
    ExpLayer,
    Layer,
    LogLayer,
    MatMul,
    MulLayer,
    PowLayer,
    SubLayer,
)

MAX_NODES = 500  # of a graph that a notebook shows unasked
Operator = Callable[["Variable", Any], "Variable"]


def _operators(layer: type[Layer]) -> tuple[Operator, Operator]:
    """Return what an operator and its reflection do: record a new `layer`."""

    def operator(self: "Variable", other: Any) -> "Variable":
        return apply(layer(), self, other) if _is_operand(other) else NotImplemented

    def reflected(self: "Variable", other: Any) -> "Variable":
        return apply(layer(), other, self) if _is_operand(other) else NotImplemented

    return operator, reflected


def _is_operand(other: Any) -> bool:
    if isinstance(other, Recorded | Constant):
        return True
    try:
        check_value(other, "operand")
    except TypeError:
        return False
    return True


class Variable(Recorded):
    """A number or an array whose computation is recorded.

    The operators ``+ - * / ** @`` run a layer and record it; the other operand is a `Variable`,
    or a number or an array, which counts as a constant. A library whose arrays refuse a variable
    on their right, such as array-api-strict, needs `Constant(array)` there.

    Parameters
    ----------
    value : number or array
        The array itself is kept, not a copy.
    name : str, optional
        Stands in the drawing.

    Attributes
    ----------
    value : number or array
        As given.
    name : str or None
        As given. It can be set later, so that results have one too: ``z.name = "z"``.
    grad : number, array or None
        The derivative of the result whose `backward` ran last, in the shape of `value`; None
        before.
    operation : Operation or None
        What computed it; None for a variable that was made from a value.

    Raises
    ------
    TypeError
        When `value` is neither a number nor an array, or `name` no string.

    Examples
    --------
    >>> x = Variable(3.0, "x")
    >>> y = x**2 + 2 * x
    >>> y.backward()
    >>> x.grad
    8.0
    """

    __array_ufunc__ = None  # NumPy leaves `array * variable` to the variable

    __add__, __radd__ = _operators(AddLayer)
    __sub__, __rsub__ = _operators(SubLayer)
    __mul__, __rmul__ = _operators(MulLayer)
    __truediv__, __rtruediv__ = _operators(DivLayer)
    __pow__, __rpow__ = _operators(PowLayer)
    __matmul__, __rmatmul__ = _operators(MatMul)

    def __neg__(self) -> "Variable":
        return -1 * self

    def __bool__(self) -> bool:
        raise TypeError(f"a Variable is neither true nor false; ask its value: got {self!r}")

    def __repr__(self) -> str:
        name = "" if self.name is None else f", {self.name!r}"
        return f"Variable({short(self.value)}{name})"

    def draw(
        self, path: str | os.PathLike[str] | None = None, *, symbols: bool | str = False
    ) -> Drawing:
        """Return the drawing of the graph that ends here; write it to `path`: see `graph.draw`."""
        return drawing.draw(self, path=path, symbols=symbols)

    def to_dot(self) -> str:
        """Return the graph in the language of Graphviz."""
        return self.draw().to_dot()

    def to_mermaid(self) -> str:
        """Return the graph as a Mermaid flowchart, which Markdown pages show."""
        return self.draw().to_mermaid()

    def _repr_svg_(self) -> str | None:
        """Return the drawing; None if it is too large or can't be made: then the text is shown."""
        drawn = self.draw()
        if len(drawn.diagram.nodes) > MAX_NODES:
            return None
        try:
            return drawn._repr_svg_()
        except ModuleNotFoundError:
            return None


def apply(layer: LayerLike, *inputs: Any, name: str | None = None) -> Variable:
    """Run a layer and record it.

    Parameters
    ----------
    layer : layer
        Of the library, or any object with `forward` and `backward`: one object an operation.
    *inputs : Variable, Constant, number or array
        What `forward` takes, at least one of them a `Variable`; what is none is a constant.
    name : str, optional
        Stands in the drawing in place of the layer's sign.

    Returns
    -------
    Variable

    Raises
    ------
    TypeError
        When `layer` is no layer, or the inputs are none of these.

    Examples
    --------
    >>> import numpy as np
    >>> from backprop import SoftmaxWithLoss
    >>> scores = Variable(np.zeros((1, 4)), "scores")
    >>> loss = apply(SoftmaxWithLoss(), scores, np.array([2]))
    >>> loss.backward()
    >>> scores.grad
    array([[ 0.25,  0.25, -0.75,  0.25]])
    """
    return apply_as(Variable, layer, *inputs, name=name)


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
