"""Formulas as MathML, which browsers show without a script, a font or a network.

TeX is turned into MathML by docutils, on which Sphinx is built.
"""

import re
from typing import Any

from docutils.nodes import SkipNode
from docutils.utils.math.latex2mathml import tex2mathml

_APPLIED = re.compile(r"<mo>&ApplyFunction;</mo>(?!\s*<mo[^>]*>\()")
"""Between a function's name and what it is applied to, unless that is in parentheses."""
_HAT = re.compile(
    r"<munderover>\s*(<mi>[^<]+</mi>)(.*?)(<mo stretchy=\"false\">ˆ</mo>)\s*</munderover>", re.S
)
"""A letter with a hat, whose index is put below it."""


def setup(app: Any) -> dict[str, bool]:
    """Let Sphinx call this for formulas."""
    app.add_html_math_renderer("mathml", (_inline, None), (_displayed, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _inline(translator: Any, node: Any) -> None:
    translator.body.append(_mathml(node.astext()))
    raise SkipNode


def _displayed(translator: Any, node: Any) -> None:
    start = translator.starttag(node, "div", CLASS="formula")
    translator.body.append(f"{start}{_mathml(node.astext(), as_block=True)}</div>")
    raise SkipNode


def _mathml(tex: str, as_block: bool = False) -> str:
    """Return a formula, with a thin space in log x and full-size fractions in aligned lines.

    The index of a letter with a hat stands beside it.
    """
    mathml = _APPLIED.sub('<mspace width="0.17em"></mspace>', tex2mathml(tex, as_block=as_block))
    mathml = _HAT.sub(r'<msub><mover accent="true">\1\3</mover>\2</msub>', mathml)
    aligned = '<mtable class="ams-align"'
    return mathml.replace(f"{aligned}>", f'{aligned} displaystyle="true">')
