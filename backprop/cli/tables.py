"""Tables that fit: in columns where there is room, else each row as a few short lines."""

from collections.abc import Mapping, Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from backprop.cli.output import answering
from backprop.cli.terminal import width

_GAP = 2
_ENDLESS = 10_000  # columns: what is printed fits, or goes where nothing ends a line


def show(
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    right: Sequence[str] = (),
    styles: Mapping[tuple[int, int], str] | None = None,
) -> None:
    """Print a table.

    Parameters
    ----------
    head : sequence of str
        The names of the columns.
    rows : sequence of sequences of str
        As many cells each.
    right : sequence of str
        The columns that are set to the right, such as numbers.
    styles : mapping of (row, column) to str, optional
        Styles of rich.
    """
    if not answering():
        return
    styles = styles or {}
    wide = [max(cell_len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    room = width()
    if room is None or sum(wide) + _GAP * (len(wide) - 1) <= room:
        _line([_padded(text, wide[i], text in right) for i, text in enumerate(head)], "bold")
        for k, row in enumerate(rows):
            cells = [_padded(text, wide[i], head[i] in right) for i, text in enumerate(row)]
            _line([Text(cell, styles.get((k, i), "")) for i, cell in enumerate(cells)])
        return
    for k, row in enumerate(rows):
        _line([Text(row[0], styles.get((k, 0), ""))])
        for i, text in list(enumerate(row))[1:]:
            if text:
                _line([Text(f"  {head[i]}: "), Text(text, styles.get((k, i), ""))], gap="")


def _padded(text: str, wide: int, right: bool) -> str:
    space = " " * (wide - cell_len(text))
    return space + text if right else text + space


def _line(cells: Sequence[str | Text], style: str = "", gap: str = " " * _GAP) -> None:
    line = Text(gap).join(Text(cell) if isinstance(cell, str) else cell for cell in cells)
    line.rstrip()
    line.stylize_before(style)
    Console(width=_ENDLESS, highlight=False).print(line, soft_wrap=True)
