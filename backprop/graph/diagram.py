"""The diagram of a graph: nodes, and edges with the texts above and below them."""

import math
import numbers
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal, Protocol

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

    def edge(self, source: int, target: int, value: str, grad: str) -> None:
        """Add an edge."""
        self.edges.append(Edge(source, target, _one_line(value), _one_line(grad)))


class Texts(Protocol):
    """What is written at the nodes and edges of a diagram: numbers, or letters for them."""

    def name(self, v: Recorded | Constant) -> str | None:
        """Return what stands where a value enters the graph or leaves it."""

    def sign(self, operation: Operation) -> str:
        """Return what stands in the circle of an operation."""

    def value(self, v: Recorded | Constant) -> str:
        """Return what stands above the edges of a value."""

    def grad(self, v: Recorded) -> str:
        """Return what comes back to a value from all its uses."""

    def passed(self, operation: Operation, i: int) -> str:
        """Return what an operation passes back to its input `i`."""


class Numbers:
    """The values and derivatives that a graph holds now, by name and number."""

    def name(self, v: Recorded | Constant) -> str | None:
        """Return the name; of a constant without one the value."""
        return v.name or short(v.value) if isinstance(v, Constant) else v.name

    def sign(self, operation: Operation) -> str:
        """Return the sign of an operation, or its name."""
        return sign(operation)

    def value(self, v: Recorded | Constant) -> str:
        """Return the value; nothing for a constant whose node shows it."""
        return "" if isinstance(v, Constant) and not v.name else short(v.value)

    def grad(self, v: Recorded) -> str:
        """Return the derivative; nothing before a backward pass."""
        return "" if v.grad is None else short(v.grad)

    def passed(self, operation: Operation, i: int) -> str:
        """Return the derivative along one edge; nothing before a backward pass."""
        return short(operation.grads[i]) if operation.grads else ""


def diagram_of(result: Recorded, texts: Texts) -> Diagram:
    """Return the graph that ends in `result`, with these texts.

    A variable that is used several times branches: before the point stands its derivative, behind
    it what comes back from each use, which add up to it.
    """
    drawn, order = Diagram(), ordered(result)
    uses = Counter(v for u in order if u.operation for v in u.operation.inputs)
    ends: dict[Recorded, int] = {}  # the node where the edges of a variable begin
    for variable in order:
        if variable.operation is None:
            node = drawn.node("variable", texts.name(variable))
        else:
            node = _add_operation(drawn, variable.operation, texts, ends)
        if uses[variable] > 1:
            branch = drawn.node("branch")
            drawn.edge(node, branch, texts.value(variable), texts.grad(variable))
            node = branch
        ends[variable] = node
    end = drawn.node("result", texts.name(result) if result.operation else None)
    drawn.edge(ends[result], end, texts.value(result), texts.grad(result))
    return drawn


def _add_operation(
    drawn: Diagram, operation: Operation, texts: Texts, ends: dict[Recorded, int]
) -> int:
    """Add an operation, its constants, and the edges that lead to it; return its number."""
    inputs = operation.inputs[: 1 if fixed_exponent(operation) else None]
    sources = [
        ends[v] if isinstance(v, Recorded) else drawn.node("constant", texts.name(v))
        for v in inputs
    ]
    commutes = isinstance(operation.layer, AddLayer | MulLayer)
    node = drawn.node("operation", texts.sign(operation), commutes)
    for i, (source, v) in enumerate(zip(sources, inputs, strict=True)):
        passed = texts.passed(operation, i) if isinstance(v, Recorded) else ""
        drawn.edge(source, node, texts.value(v), passed)
    return node


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
    if exponent := fixed_exponent(operation):
        return raised("x", exponent)
    layer = type(operation.layer)
    return SIGNS.get(layer, layer.__name__)


def fixed_exponent(operation: Operation) -> str:
    """Return the exponent of x to the power of a constant number; nothing for other operations.

    It is part of the operation's sign.
    """
    if not isinstance(operation.layer, PowLayer):
        return ""
    exponent = operation.inputs[1]
    fixed = isinstance(exponent, Constant) and isinstance(exponent.value, numbers.Real)
    return short(exponent.value) if fixed else ""


def raised(base: str, exponent: str) -> str:
    """Return a power as it is written."""
    if "." in exponent or "e" in exponent:
        return f"{base}^{exponent}"
    return base + exponent.translate(_RAISED)


def _one_line(name: str | None) -> str:
    """Return a name without what can't be printed; nothing for no name."""
    return "".join(c if c.isprintable() else " " for c in name or "")
