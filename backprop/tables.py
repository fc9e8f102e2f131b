"""Tables: what a network, a trainer, a report show of themselves, in a terminal and a notebook."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

Row = Sequence[str]


@dataclass(frozen=True)
class Table:
    """A title, a table and notes below it, all of them texts.

    Attributes
    ----------
    title : str
        The first line.
    head : sequence of str
        The names of the columns; without any there is no table.
    rows : sequence of sequence of str
        The cells, row by row: as many in each as in the head.
    notes : sequence of str
        What stands below.
    """

    title: str
    head: Row
    rows: Sequence[Row]
    notes: Sequence[str] = ()

    def text(self) -> str:
        """Return it for a terminal: columns two spaces apart, without spaces at the ends."""
        rows = [self.head, *self.rows]
        widths = [max(len(row[i]) for row in rows) for i in range(len(self.head))]
        lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
        return "\n".join([self.title, *(lines if self.head else ()), *self.notes])

    def html(self) -> str:
        """Return it for a notebook."""
        parts = [f"<p><b>{escape(self.title)}</b></p>"]
        if self.head:
            head = "".join(f"<th>{escape(cell)}</th>" for cell in self.head)
            body = "".join(f"<tr>{_cells(row)}</tr>" for row in self.rows)
            parts.append(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")
        if self.notes:
            parts.append("<ul>" + "".join(f"<li>{escape(n)}</li>" for n in self.notes) + "</ul>")
        return "".join(parts)


def _cells(row: Row) -> str:
    return "".join(f"<td>{escape(cell)}</td>" for cell in row)
