"""A diagram in the languages of other tools: Graphviz and Mermaid."""

import string

from backprop.graph.diagram import Diagram, Edge, Node

DOT_SHAPES = {"operation": "circle", "branch": "point"}


def dot(diagram: Diagram) -> str:
    """Return a diagram in the language of Graphviz, from left to right."""
    nodes = (
        f"  n{i} [label={_quoted(node.text)}, shape={DOT_SHAPES.get(node.kind, 'plaintext')}];"
        for i, node in enumerate(diagram.nodes)
    )
    edges = (
        f"  n{edge.source} -> n{edge.target} [label={_quoted(*_texts(edge))}];"
        for edge in diagram.edges
    )
    return "\n".join(["digraph {", "  rankdir=LR;", *nodes, *edges, "}", ""])


def _quoted(*lines: str) -> str:
    escaped = (line.replace("\\", "\\\\").replace('"', '\\"') for line in lines)
    return '"' + "\\n".join(escaped) + '"'


def mermaid(diagram: Diagram) -> str:
    """Return a diagram as a Mermaid flowchart, from left to right."""
    nodes = (f"  n{i}{_shape(node)}" for i, node in enumerate(diagram.nodes))
    return "\n".join(["flowchart LR", *nodes, *map(_arrow, diagram.edges), ""])


def _shape(node: Node) -> str:
    text = f'"{_entities(node.text) or " "}"'
    return f"(({text}))" if node.kind in DOT_SHAPES else f"[{text}]"


def _arrow(edge: Edge) -> str:
    label = "<br/>".join(map(_entities, _texts(edge)))
    return f"  n{edge.source} -->" + (f'|"{label}"| ' if label else " ") + f"n{edge.target}"


def _entities(text: str) -> str:
    """Return `text` with the signs that Mermaid or Markdown could take for their own encoded."""
    special = set(string.punctuation) - set("(),.[]")
    return "".join(f"#{ord(c)};" if c in special else c for c in text)


def _texts(edge: Edge) -> list[str]:
    """Return what stands at an edge: above, then below."""
    return [edge.value, edge.grad] if edge.grad else [edge.value]
