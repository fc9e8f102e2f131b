"""The record of a computation: values, the operations they came from, and the way back."""

import numbers
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar
from weakref import WeakValueDictionary

from backends import namespace
from backprop.arrays import is_array
from backprop.layers.layer import upstream


class LayerLike(Protocol):
    """A layer of the library, or any object with these two methods."""

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Return the output for the inputs."""

    def backward(self, *args: Any, **kwargs: Any) -> Any:
        """Return the derivative of each input, given that of the output."""


def check_value(value: Any, name: str) -> None:
    """Raise a TypeError, which calls `value` by `name`, unless it is a number or an array."""
    if isinstance(value, numbers.Real):
        return
    try:
        namespace(value)
    except TypeError:
        raise TypeError(
            f"{name} must be a number or an array; got {type(value).__name__}"
        ) from None


@dataclass(frozen=True, eq=False)
class Constant:
    """An input that gets no derivative, such as labels; `name` stands in the drawing.

    Raises
    ------
    TypeError
        When `value` is neither a number nor an array.
    """

    value: Any
    name: str | None = None

    def __post_init__(self) -> None:
        check_value(self.value, "`value`")


class Recorded:
    """A value that remembers the operation it came from: what a `Variable` is without operators.

    Parameters and attributes are those of a `Variable`.
    """

    def __init__(self, value: Any, name: str | None = None) -> None:
        check_value(value, "`value`")
        if not isinstance(name, str | None):
            raise TypeError(f"`name` must be a string; got {type(name).__name__}")
        self.value = value
        self.name = name
        self.grad: Any = None
        self.operation: Operation | None = None

    def backward(self, dout: Any = 1) -> None:
        """Set `grad` of every variable that this one is computed from, and its own to `dout`.

        A variable that is used several times gets the sum. All these `grad` are computed anew:
        nothing is added to those of an earlier call.

        Parameters
        ----------
        dout : number or array
            The derivative with respect to this variable, in its shape; a number stands for every
            entry.

        Raises
        ------
        RuntimeError
            When a layer object has run again since it was recorded.
        TypeError, ValueError
            When `dout` does not fit, or a layer gives no derivative for one of its variables.
        """
        dout = _full(dout, self.value)
        order = ordered(self)
        for recorded in order:
            recorded.grad = None
            if recorded.operation:
                recorded.operation.grads = ()
        self.grad = dout
        for recorded in reversed(order):
            if recorded.operation:
                recorded.operation.backward(recorded.grad)


def _full(dout: Any, value: Any) -> Any:
    """Return `dout` in the shape of `value`; a number for a number."""
    if is_array(value):
        return upstream(dout, value.shape, value)
    if not isinstance(dout, numbers.Real):
        raise TypeError(f"`dout` must be a number, as the value is one; got {type(dout).__name__}")
    return dout


_latest: WeakValueDictionary[int, "Operation"] = WeakValueDictionary()
"""The id of a layer -> the operation that it ran for last."""


def _kept(layer: LayerLike) -> Any:
    """Return what a layer of the library keeps of its last run; None for any other."""
    return getattr(layer, "cache", None)


@dataclass(eq=False)
class Operation:
    """A layer that has run.

    Attributes
    ----------
    layer : layer
        Of the library, or any object with `forward` and `backward`.
    inputs : tuple of Variable or Constant
        What `forward` took.
    name : str or None
        Stands in the drawing in place of the layer's sign.
    grads : tuple
        The derivative of the result with respect to each input, as it passes back along its edge;
        empty before `backward`. A variable's `grad` is the sum over all its uses.
    """

    layer: LayerLike
    inputs: tuple[Recorded | Constant, ...]
    name: str | None = None
    grads: tuple[Any, ...] = ()
    _run: Any = field(default=None, init=False, repr=False)

    def forward(self) -> Any:
        """Run the layer and return its output."""
        value = self.layer.forward(*(v.value for v in self.inputs))
        self._run = _kept(self.layer)
        _latest[id(self.layer)] = self
        return value

    def backward(self, dout: Any) -> None:
        """Set `grads`, given the derivative of the output, and add each to that of its variable.

        Raises
        ------
        RuntimeError
            When the layer has run again since: what it kept for this operation is gone.
        TypeError, ValueError
            When the layer gives no derivative for a variable, or one of another shape.
        """
        if _latest.get(id(self.layer)) is not self or _kept(self.layer) is not self._run:
            raise RuntimeError(
                f"each operation needs a layer of its own; this {type(self.layer).__name__} has "
                "run again since it was recorded"
            )
        grads = self.layer.backward(dout)
        self.grads = tuple(grads) if isinstance(grads, tuple | list) else (grads,)
        for i, v in enumerate(self.inputs):
            if isinstance(v, Recorded):
                grad = self._grad(i, v)
                v.grad = grad if v.grad is None else v.grad + grad

    def _grad(self, i: int, variable: Recorded) -> Any:
        """Return the derivative for input `i`, a number or an array in the shape of its value."""
        name = type(self.layer).__name__
        if i >= len(self.grads):
            raise TypeError(
                f"{name} gives no derivative for input {i + 1}: it must be a plain number, array "
                f"or Constant; got a {type(variable).__name__}"
            )
        grad = self.grads[i]
        check_value(grad, f"a derivative from {name}")
        wanted, got = (tuple(getattr(x, "shape", ())) for x in (variable.value, grad))
        if got != wanted:
            raise ValueError(f"a derivative from {name} must have shape {wanted}; got {got}")
        return grad


R = TypeVar("R", bound=Recorded)


def apply_as(kind: type[R], layer: LayerLike, *inputs: Any, name: str | None = None) -> R:
    """Run a layer and record it; the result is of this kind: see `graph.apply`."""
    if isinstance(layer, type) or not (hasattr(layer, "forward") and hasattr(layer, "backward")):
        what = f"the class {layer.__name__}" if isinstance(layer, type) else type(layer).__name__
        raise TypeError(f"`layer` must be an object with `forward` and `backward`; got {what}")
    if not any(isinstance(v, Recorded) for v in inputs):
        what = ", ".join(type(v).__name__ for v in inputs) or "none"
        raise TypeError(f"one of the inputs must be a {kind.__name__}; got {what}")
    operation = Operation(layer, tuple(_operand(v) for v in inputs), name)
    result = kind(operation.forward())
    result.operation = operation
    return result


def _operand(v: Any) -> Recorded | Constant:
    if isinstance(v, Recorded | Constant):
        return v
    check_value(v, "an input")
    return Constant(v)


def ordered(result: Recorded) -> list[Recorded]:
    """Return all that `result` is computed from, and it: each after its inputs."""
    order: list[Recorded] = []
    seen: set[Recorded] = set()
    stack = [(result, False)]
    while stack:
        recorded, inputs_done = stack.pop()
        if inputs_done:
            order.append(recorded)
        elif recorded not in seen:
            seen.add(recorded)
            stack.append((recorded, True))
            stack.extend((v, False) for v in reversed(_inputs(recorded)) if v not in seen)
    return order


def _inputs(recorded: Recorded) -> list[Recorded]:
    operation = recorded.operation
    return [v for v in operation.inputs if isinstance(v, Recorded)] if operation else []
