"""Formulas as MathML, which browsers show without a script, a font or a network.

TeX is turned into MathML by docutils, on which Sphinx is built.
"""

from typing import Any

from docutils.nodes import SkipNode
from docutils.utils.math.latex2mathml import tex2mathml


def setup(app: Any) -> dict[str, bool]:
    """Let Sphinx call this for formulas."""
    app.add_html_math_renderer("mathml", (_inline, None), (_displayed, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _inline(translator: Any, node: Any) -> None:
    translator.body.append(tex2mathml(node.astext()))
    raise SkipNode


def _displayed(translator: Any, node: Any) -> None:
    body = tex2mathml(node.astext(), as_block=True)
    translator.body.append(translator.starttag(node, "div", CLASS="formula") + body + "</div>")
    raise SkipNode
