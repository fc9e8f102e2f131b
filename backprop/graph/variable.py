"""A value that remembers the operation it came from."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from backprop.graph import record
from backprop.graph.operation import Constant, Operation, check_value
from backprop.graph.text import short
from backprop.layers import AddLayer, DivLayer, Layer, MatMul, MulLayer, PowLayer, SubLayer

if TYPE_CHECKING:
    import os

    from backprop.graph.drawing import Drawing

SHOWN = 500  # nodes of the largest graph that a notebook shows unasked
Operator = Callable[["Variable", Any], "Variable"]


def _operators(layer: type[Layer]) -> tuple[Operator, Operator]:
    """Return what an operator and its reflection do: record a new `layer`."""

    def operator(self: "Variable", other: Any) -> "Variable":
        return apply(layer(), self, other) if _is_operand(other) else NotImplemented

    def reflected(self: "Variable", other: Any) -> "Variable":
        return apply(layer(), other, self) if _is_operand(other) else NotImplemented

    return operator, reflected


def _is_operand(other: Any) -> bool:
    if isinstance(other, Variable | Constant):
        return True
    try:
        check_value(other, "operand")
    except TypeError:
        return False
    return True


class Variable:
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
    value, name
        As given.
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

    def __init__(self, value: Any, name: str | None = None) -> None:
        check_value(value, "`value`")
        if not isinstance(name, str | None):
            raise TypeError(f"`name` must be a string; got {type(name).__name__}")
        self.value = value
        self.name = name
        self.grad: Any = None
        self.operation: Operation | None = None

    __add__, __radd__ = _operators(AddLayer)
    __sub__, __rsub__ = _operators(SubLayer)
    __mul__, __rmul__ = _operators(MulLayer)
    __truediv__, __rtruediv__ = _operators(DivLayer)
    __pow__, __rpow__ = _operators(PowLayer)
    __matmul__, __rmatmul__ = _operators(MatMul)

    def __neg__(self) -> "Variable":
        return -1 * self

    def __repr__(self) -> str:
        name = "" if self.name is None else f", {self.name!r}"
        return f"Variable({short(self.value)}{name})"

    def backward(self, dout: Any = 1) -> None:
        """Set `grad` of every variable that this one is computed from, and its own to `dout`.

        A variable that is used several times gets the sum. All these `grad` are computed anew:
        nothing is added to those of an earlier call.

        Parameters
        ----------
        dout : number or array
            The derivative by this variable, in its shape; a number stands for every entry.

        Raises
        ------
        RuntimeError
            When a layer object has run again since it was recorded.
        TypeError, ValueError
            When `dout` does not fit, or a layer gives no derivative by one of its variables.
        """
        record.backpropagate(self, dout)

    def draw(self, path: "str | os.PathLike[str] | None" = None) -> "Drawing":
        """Return the drawing of the graph that ends here; write it to `path`: see `graph.draw`."""
        from backprop.graph.drawing import draw

        return draw(self, path=path)

    def to_dot(self) -> str:
        """Return the graph in the language of Graphviz."""
        return self.draw().to_dot()

    def to_mermaid(self) -> str:
        """Return the graph as a Mermaid flowchart, which Markdown pages show."""
        return self.draw().to_mermaid()

    def _repr_svg_(self) -> str | None:
        """Return the drawing; None if it is too large or can't be made: then the text is shown."""
        drawing = self.draw()
        if len(drawing.diagram.nodes) > SHOWN:
            return None
        try:
            return drawing.to_svg()
        except ModuleNotFoundError:
            return None


def apply(layer: Any, *inputs: Any, name: str | None = None) -> Variable:
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
    if isinstance(layer, type) or not (hasattr(layer, "forward") and hasattr(layer, "backward")):
        what = f"the class {layer.__name__}" if isinstance(layer, type) else type(layer).__name__
        raise TypeError(f"`layer` must be an object with `forward` and `backward`; got {what}")
    if not any(isinstance(v, Variable) for v in inputs):
        what = ", ".join(type(v).__name__ for v in inputs) or "none"
        raise TypeError(f"one of the inputs must be a Variable; got {what}")
    operands = tuple(_operand(v) for v in inputs)
    operation = Operation(layer, operands, name)
    result = Variable(operation.forward())
    result.operation = operation
    return result


def _operand(v: Any) -> Variable | Constant:
    if isinstance(v, Variable | Constant):
        return v
    check_value(v, "an input")
    return Constant(v)
