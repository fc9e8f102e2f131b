"""The diagram of a graph: nodes, and edges with the texts above and below them."""

import math
import numbers
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

import backends
from backprop.arrays import is_array, shape
from backprop.graph.record import Constant, Operation, Recorded, ordered
from backprop.layers import (
    AddLayer,
    DivLayer,
    ExpLayer,
    LogLayer,
    MatMul,
    MulLayer,
    PowLayer,
    SubLayer,
)

MAX_ENTRIES = 4  # of a vector whose numbers are printed, not its shape
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

Kind = Literal["variable", "constant", "operation", "branch", "result"]


@dataclass(frozen=True)
class Node:
    """A name, the sign of an operation, or the point where a value that is used twice branches.

    `commutes` tells that the order of an operation's inputs is of no matter.
    """

    kind: Kind
    text: str = ""
    commutes: bool = False


@dataclass(frozen=True)
class Edge:
    """From one node to another, by their numbers; `value` stands above it, `grad` below."""

    source: int
    target: int
    value: str = ""
    grad: str = ""


@dataclass
class Diagram:
    """Nodes, each after those that its edges come from, and edges."""

    nodes: list[Node] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)

    def node(self, kind: Kind, text: str | None = None, commutes: bool = False) -> int:
        """Add a node and return its number."""
        self.nodes.append(Node(kind, _one_line(text), commutes))
        return len(self.nodes) - 1


def diagram_of(result: Recorded) -> Diagram:
    """Return the graph that ends in `result`, with the values and derivatives it holds now.

    A variable that is used several times branches: before the point stands its `grad`, behind it
    what comes back from each use, which add up to it.
    """
    drawn, order = Diagram(), ordered(result)
    uses = Counter(v for u in order if u.operation for v in u.operation.inputs)
    ends: dict[Recorded, int] = {}  # the node where the edges of a variable begin
    for variable in order:
        if variable.operation is None:
            node = drawn.node("variable", variable.name)
        else:
            node = _add_operation(drawn, variable.operation, ends)
        if uses[variable] > 1:
            branch = drawn.node("branch")
            drawn.edges.append(_edge(node, branch, variable.value, variable.grad))
            node = branch
        ends[variable] = node
    end = drawn.node("result", result.name if result.operation else None)
    drawn.edges.append(_edge(ends[result], end, result.value, result.grad))
    return drawn


def _add_operation(drawn: Diagram, operation: Operation, ends: dict[Recorded, int]) -> int:
    """Add an operation, its constants, and the edges that lead to it; return its number."""
    inputs = operation.inputs[: 1 if _has_fixed_exponent(operation) else None]
    sources = [ends[v] if isinstance(v, Recorded) else _add_constant(drawn, v) for v in inputs]
    commutes = isinstance(operation.layer, AddLayer | MulLayer)
    node = drawn.node("operation", sign(operation), commutes)
    for i, (source, v) in enumerate(zip(sources, inputs, strict=True)):
        if isinstance(v, Recorded):
            grad = operation.grads[i] if operation.grads else None
            drawn.edges.append(_edge(source, node, v.value, grad))
        else:
            drawn.edges.append(Edge(source, node, short(v.value) if v.name else ""))
    return node


def _add_constant(drawn: Diagram, constant: Constant) -> int:
    return drawn.node("constant", constant.name or short(constant.value))


def _edge(source: int, target: int, value: Any, grad: Any) -> Edge:
    return Edge(source, target, short(value), "" if grad is None else short(grad))


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
    if not is_array(x):
        return _number(x)
    backend = backends.of(x)
    if x.ndim > 1 or not 1 <= math.prod(x.shape) <= MAX_ENTRIES or not backend.has_values:
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
    if _has_fixed_exponent(operation):
        exponent = short(operation.inputs[1].value)
        raised = exponent.translate(_RAISED)
        return f"x^{exponent}" if "." in exponent or "e" in exponent else f"x{raised}"
    layer = type(operation.layer)
    return SIGNS.get(layer, layer.__name__)


def _has_fixed_exponent(operation: Operation) -> bool:
    """Tell whether this is x to the power of a constant number, which is part of its sign."""
    if not isinstance(operation.layer, PowLayer):
        return False
    exponent = operation.inputs[1]
    return isinstance(exponent, Constant) and isinstance(exponent.value, numbers.Real)


def _one_line(name: str | None) -> str:
    """Return a name without what can't be printed; nothing for no name."""
    return "".join(c if c.isprintable() else " " for c in name or "")
