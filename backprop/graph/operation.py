"""An operation of a graph: a layer that has run, and what it ran on."""

import numbers
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from backends import namespace

if TYPE_CHECKING:
    from backprop.graph.variable import Variable


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
    """An input that is not differentiated by, such as labels; `name` stands in the drawing.

    Raises
    ------
    TypeError
        When `value` is neither a number nor an array.
    """

    value: Any
    name: str | None = None

    def __post_init__(self) -> None:
        check_value(self.value, "`value`")


_latest: WeakValueDictionary[int, "Operation"] = WeakValueDictionary()
"""The id of a layer -> the operation that it ran for last."""


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
        The derivative of the result by each input, as it passes back along this operation's edges;
        empty before `backward`. A variable's `grad` is the sum over all its uses.
    """

    layer: Any
    inputs: tuple["Variable | Constant", ...]
    name: str | None = None
    grads: tuple[Any, ...] = ()
    _run: Any = field(default=None, init=False, repr=False)

    def forward(self) -> Any:
        """Run the layer and return its output."""
        value = self.layer.forward(*(v.value for v in self.inputs))
        self._run = getattr(self.layer, "cache", None)
        _latest[id(self.layer)] = self
        return value

    def backward(self, dout: Any) -> None:
        """Set `grads`, given the derivative by the output.

        Raises
        ------
        RuntimeError
            When the layer has run again since: what it kept for this operation is gone.
        """
        again = getattr(self.layer, "cache", None) is not self._run
        if again or _latest.get(id(self.layer)) is not self:
            raise RuntimeError(
                f"each operation needs a layer of its own; this {type(self.layer).__name__} has "
                "run again since it was recorded"
            )
        grads = self.layer.backward(dout)
        self.grads = tuple(grads) if isinstance(grads, tuple | list) else (grads,)
        for grad, v in zip(self.grads, self.inputs, strict=False):
            if not isinstance(v, Constant):
                self._check(grad, v.value)

    def _check(self, grad: Any, value: Any) -> None:
        """Raise an error unless `grad` is a number or an array in the shape of `value`."""
        name = type(self.layer).__name__
        check_value(grad, f"a derivative by {name}")
        wanted, got = (tuple(getattr(x, "shape", ())) for x in (value, grad))
        if got != wanted:
            raise ValueError(f"a derivative by {name} must have shape {wanted}; got {got}")
