"""The record of a computation: its variables in order, and the way back through them."""

import numbers
from typing import TYPE_CHECKING, Any

from backprop.graph.operation import Constant
from backprop.layers.layer import upstream

if TYPE_CHECKING:
    from backprop.graph.variable import Variable


def ordered(result: "Variable") -> list["Variable"]:
    """Return all that `result` is computed from, and it: each variable after its inputs."""
    order: list[Variable] = []
    seen: set[Variable] = set()
    stack = [(result, False)]
    while stack:
        variable, inputs_done = stack.pop()
        if inputs_done:
            order.append(variable)
        elif variable not in seen:
            seen.add(variable)
            stack.append((variable, True))
            stack.extend((v, False) for v in reversed(_inputs(variable)) if v not in seen)
    return order


def _inputs(variable: "Variable") -> list["Variable"]:
    operation = variable.operation
    return [v for v in operation.inputs if not isinstance(v, Constant)] if operation else []


def backpropagate(result: "Variable", dout: Any) -> None:
    """Set `grad` of all that `result` is computed from; see `Variable.backward`."""
    dout = _start(result.value, dout)
    order = ordered(result)
    for variable in order:
        variable.grad = None
        if variable.operation:
            variable.operation.grads = ()
    result.grad = dout
    for variable in reversed(order):
        if variable.operation:
            variable.operation.backward(variable.grad)
            _distribute(variable.operation)


def _start(value: Any, dout: Any) -> Any:
    """Return `dout` in the shape of the result; a number for a number."""
    if hasattr(value, "dtype"):
        return upstream(dout, value.shape, value)
    if not isinstance(dout, numbers.Real):
        raise TypeError(f"`dout` must be a number, as the value is one; got {type(dout).__name__}")
    return dout


def _distribute(operation: Any) -> None:
    """Add each derivative to those that its input has got from its other uses."""
    for i, variable in enumerate(operation.inputs):
        if isinstance(variable, Constant):
            continue
        if i >= len(operation.grads):
            raise TypeError(
                f"{type(operation.layer).__name__} gives no derivative by input {i + 1}: "
                "it must be a plain number, array or Constant; got a Variable"
            )
        grad = operation.grads[i]
        variable.grad = grad if variable.grad is None else variable.grad + grad
