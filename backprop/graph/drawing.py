"""Drawings of graphs: of what was recorded, or of a network that runs for it."""

import os
from typing import TYPE_CHECKING, Any

from backends import Array
from backprop.arguments import a_path
from backprop.graph import languages, render
from backprop.graph.diagram import Diagram, Numbers, diagram_of
from backprop.graph.record import Constant, LayerLike, Recorded, apply_as
from backprop.graph.symbols import Symbols
from backprop.networks import Network

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Drawing:
    """A drawing of a graph as it was when drawn; a notebook shows it.

    Parameters
    ----------
    diagram : Diagram
        What is drawn.
    """

    def __init__(self, diagram: Diagram) -> None:
        self.diagram = diagram

    def figure(self) -> "Figure":
        """Return a new matplotlib figure, as large as the graph needs."""
        return render.figure(self.diagram)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the picture, as SVG or PNG by the suffix of `path`.

        Raises
        ------
        TypeError
            When `path` is no path.
        ValueError
            When the suffix is neither of the two.
        """
        file = a_path("path", path)
        suffix = file.suffix.lower()
        if suffix == ".svg":
            file.write_text(self.to_svg(), encoding="utf-8")
        elif suffix == ".png":
            render.write_png(self.diagram, path)
        else:
            raise ValueError(f"`path` must end in .svg or .png; got {os.fspath(path)!r}")

    def to_svg(self) -> str:
        """Return the picture as SVG, in which texts are texts."""
        return render.svg(self.diagram)

    def to_dot(self) -> str:
        """Return the graph in the language of Graphviz."""
        return languages.dot(self.diagram)

    def to_mermaid(self) -> str:
        """Return the graph as a Mermaid flowchart, which Markdown pages show."""
        return languages.mermaid(self.diagram)

    def __repr__(self) -> str:
        kinds = [node.kind for node in self.diagram.nodes]
        return f"Drawing({kinds.count('operation')} operations, {len(self.diagram.edges)} edges)"

    def _repr_svg_(self) -> str:
        fitting = '<svg style="max-width: 100%; height: auto" '  # no wider than the cell
        return self.to_svg().replace("<svg ", fitting, 1)


def draw(
    target: Recorded | Network,
    x: Array | None = None,
    t: Any = None,
    path: str | os.PathLike[str] | None = None,
    *,
    symbols: bool | str = False,
) -> Drawing:
    """Draw a computational graph as the book does (sections 5.1 to 5.4).

    Operations are circles; on each edge the forward value stands above, and after a backward
    pass the derivative below. Of arrays with more than a few entries the shape is shown.

    With symbols, the names of values are shown, and what has no name gets a letter; derivatives
    are products of partial ones. Where a variable is used several times, these add up to the
    total derivative, dz/dx. Three dots stand for what is too long to be written again.

    Parameters
    ----------
    target : Variable or Network
        A variable, to draw what it is computed from; or a network, to run it on `x`.
    x : array, shape (N, D) or (N, ...) or (D,), optional
        Inputs; for a network only.
    t : array, optional
        Labels; for a network only. With them the loss is drawn too, and the derivatives.
    path : str or path, optional
        A file to write, `.svg` or `.png`.
    symbols : bool or str
        True writes the chain rule, as ∂z/∂z · ∂z/∂t · ∂t/∂x. A text, such as ``"∂L/∂z"``, is what
        comes back to the result from a larger graph, whether or not there was a backward pass;
        then slopes are worked out, as in ∂L/∂z · y, but for layers that have no such formula and
        operations with a name of their own.

    Returns
    -------
    Drawing
        It shows itself in a notebook.

    Raises
    ------
    ModuleNotFoundError
        When the picture is made and matplotlib or igraph is not installed.
    TypeError
        When `target` is neither of the two, `x` is missing or too much, or `symbols` is neither
        a bool nor a text.
    ValueError
        When `path` has another suffix, or `symbols` is an empty text.

    Examples
    --------
    >>> from backprop import graph
    >>> x, y = graph.Variable(10, "x"), graph.Variable(5, "y")
    >>> drawing = draw(x * y, symbols="∂L/∂z")
    >>> [(edge.value, edge.grad) for edge in drawing.diagram.edges]
    [('x', '∂L/∂z · y'), ('y', '∂L/∂z · x'), ('z', '∂L/∂z')]
    """
    if isinstance(target, Recorded):
        if x is not None or t is not None:
            raise TypeError("`x` and `t` must not be given with a Variable, which has its values")
    elif not isinstance(target, Network):
        raise TypeError(f"`target` must be a Variable or a Network; got {type(target).__name__}")
    elif x is None:
        raise TypeError("`x` must be given with a Network; got None")
    upstream = _upstream(symbols)
    result = target if isinstance(target, Recorded) else _run(target, x, t)
    if symbols and isinstance(target, Network):
        result.name = "y" if t is None else "L"
    drawing = Drawing(diagram_of(result, Symbols(result, upstream) if symbols else Numbers()))
    if path is not None:
        drawing.save(path)
    return drawing


def _upstream(symbols: bool | str) -> str | None:
    """Return what comes back to the result, if that was given."""
    if isinstance(symbols, bool):
        return None
    if not isinstance(symbols, str):
        raise TypeError(f"`symbols` must be True, False or a text; got {type(symbols).__name__}")
    if not symbols.strip():
        raise ValueError(f"`symbols` must be what comes back to the result; got {symbols!r}")
    return symbols


def _run(net: Network, x: Array, t: Any) -> Recorded:
    """Return the scores for `x`; with labels the loss, after its backward pass.

    A copy of the network runs, over layers that record: its own layers keep what they hold.
    """
    net = net.to()
    layers = {name: _Recording(layer, name) for name, layer in net.layers.items()}
    net = Network(layers, _Recording(net.last_layer))
    if t is None:
        return _recorded(net.predict(x))
    loss: Recorded = net.loss(x, t)
    loss.backward()
    return loss


class _Recording:
    """Stands for a layer in a network: it records the layer's run and passes the record on."""

    def __init__(self, layer: LayerLike, name: str | None = None) -> None:
        self.layer = layer
        self.name = name
        self.params: dict[str, Array] = getattr(layer, "params", {})

    def forward(self, y: Recorded | Array, *t: Array) -> Recorded:
        """Return the layer's output, recorded; `t` are the labels, for the last layer."""
        labels = [Constant(labels, "t") for labels in t]
        return apply_as(Recorded, self.layer, _recorded(y), *labels, name=self.name)


def _recorded(y: Recorded | Array) -> Recorded:
    """Return what a layer has recorded as it is, and what enters the network as `x`."""
    return y if isinstance(y, Recorded) else Recorded(y, "x")
