"""The progress bar of a training run in a notebook, drawn by the notebook itself."""

import sys
from html import escape
from typing import Any


def in_notebook() -> bool:
    """Tell whether the program runs in a notebook's kernel, rather than in a terminal."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return getattr(shell, "kernel", None) is not None


class NotebookBar:
    """A bar that a notebook shows below the cell, and keeps there when training has ended."""

    def __init__(self) -> None:
        self._fields: dict[str, Any] = {"completed": 0}
        self._handle: Any = None

    def add_task(self, description: str, **fields: Any) -> str:
        """Take what is shown at first: `total`, the number of steps, and texts; one task only."""
        self._fields.update(fields)
        return description

    def update(self, task: str, **fields: Any) -> None:
        """Show other values: `completed`, the number of steps, and texts."""
        self._fields.update(fields)
        self._handle.update(_Html(self._html()))

    def start(self) -> None:
        """Show the bar."""
        from IPython.display import display

        self._handle = display(_Html(self._html()), display_id=True)

    def stop(self) -> None:
        """Leave the bar as it is."""

    def _html(self) -> str:
        completed, total = self._fields["completed"], self._fields["total"]
        texts = [escape(text) for text in self._fields.values() if text and isinstance(text, str)]
        return (
            f'<progress value="{completed}" max="{total}" style="width: 12em"></progress> '
            f"{completed:,} of {total:,} &nbsp; {' &nbsp; '.join(texts)}"
        )


class _Html:
    """What a notebook shows as it stands, and a terminal as text."""

    def __init__(self, html: str) -> None:
        self._html = html

    def _repr_html_(self) -> str:
        return self._html

    def __repr__(self) -> str:
        return "progress of training"
