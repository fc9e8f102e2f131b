"""The terminal as it is: closed, in another encoding than Unicode, narrow, or none at all."""

import codecs
import os
import shutil
import sys
import unicodedata

_PLAIN = {
    "·": ".",
    "±": "+-",
    "×": "x",
    "−": "-",
    "…": "...",
    "∂": "d",
    "→": "->",
    "≤": "<=",
    "≥": ">=",
    "½": "1/2",
    "²": "^2",
    "φ": "phi",
    "’": "'",
}  # fmt: skip


def prepare() -> None:
    """Let nothing that is printed fail for where it goes to.

    An output that was closed takes all and shows nothing. What an encoding lacks is printed in
    letters that it has, or as a question mark.
    """
    codecs.register_error("backprop.plain", _plain)
    if os.environ.get("COLUMNS", "1").strip() in ("", "0"):  # Rich would show nothing
        del os.environ["COLUMNS"]
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backprop.plain")


def _plain(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lost = error.object[error.start : error.end]
    return "".join(_PLAIN.get(each) or _without_accent(each) for each in lost), error.end


def _without_accent(letter: str) -> str:
    return unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode() or "?"


def width() -> int | None:
    """Return how many columns a line may have; None in a file or pipe, where nothing ends it."""
    said = os.environ.get("COLUMNS", "")
    if said.isdigit() and int(said) > 0:
        return int(said)
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None
