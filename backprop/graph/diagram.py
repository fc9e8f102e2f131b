"""What is drawn, in words: nodes, and edges with the texts above and below them."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

from backprop.graph.operation import Constant, Operation
from backprop.graph.record import ordered
from backprop.graph.text import has_fixed_exponent, plain, short, sign
from backprop.graph.variable import Variable
from backprop.layers import AddLayer, MulLayer

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
        self.nodes.append(Node(kind, plain(text), commutes))
        return len(self.nodes) - 1


def diagram(result: Variable) -> Diagram:
    """Return the graph that ends in `result`, with the values and derivatives it holds now.

    A variable that is used several times branches: before the point stands its `grad`, behind it
    what comes back from each use, which add up to it.
    """
    drawn, order = Diagram(), ordered(result)
    uses = Counter(v for u in order if u.operation for v in u.operation.inputs)
    ends: dict[Variable | Constant, int] = {}  # the node where the edges of a variable begin
    for variable in order:
        if variable.operation is None:
            node = drawn.node("variable", variable.name)
        else:
            node = _operation(drawn, variable.operation, ends)
        if uses[variable] > 1:
            branch = drawn.node("branch")
            drawn.edges.append(_edge(node, branch, variable.value, variable.grad))
            node = branch
        ends[variable] = node
    end = drawn.node("result", result.name if result.operation else None)
    drawn.edges.append(_edge(ends[result], end, result.value, result.grad))
    return drawn


def _operation(drawn: Diagram, operation: Operation, ends: dict[Variable | Constant, int]) -> int:
    """Add an operation, its constants, and the edges that lead to it; return its number."""
    inputs = operation.inputs[: 1 if has_fixed_exponent(operation) else None]
    sources = [ends[v] if isinstance(v, Variable) else _constant(drawn, v) for v in inputs]
    commutes = isinstance(operation.layer, AddLayer | MulLayer)
    node = drawn.node("operation", sign(operation), commutes)
    for i, (source, v) in enumerate(zip(sources, inputs, strict=True)):
        if isinstance(v, Variable):
            grad = operation.grads[i] if operation.grads else None
            drawn.edges.append(_edge(source, node, v.value, grad))
        else:
            drawn.edges.append(Edge(source, node, short(v.value) if v.name else ""))
    return node


def _constant(drawn: Diagram, constant: Constant) -> int:
    return drawn.node("constant", constant.name or short(constant.value))


def _edge(source: int, target: int, value: object, grad: object) -> Edge:
    return Edge(source, target, short(value), "" if grad is None else short(grad))
