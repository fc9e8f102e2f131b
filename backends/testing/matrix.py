"""The matrix: the rows that functions and tests run over, and what each of them shows."""

import os
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import NamedTuple

from ..libraries import KNOWN, Library
from .dask import DASK

SELECTION_VARIABLE = "ARRAY_BACKENDS"


class Row(NamedTuple):
    """A backend as tests use it; float32 is taken where there is no float64."""

    library: str | Library
    """A name as `backends.select` takes it, or an adaptor of one's own."""
    device: str = "cpu"
    dtype: str = "float64"
    readonly: bool = False
    """Inputs can't be written to: a function that changes them fails."""
    without: tuple[str, ...] = ()
    """What array-api-strict has switched off, of `OPTIONAL`."""
    traced: str = ""
    """``"jit"`` or ``"vmap"``: `Case.run` traces its function, no value exists meanwhile."""
    no_indices: str = ""
    """Why argmax and argsort can't be used there; empty where they can."""


OPTIONAL = ("boolean_indexing", "data_dependent_shapes", "extensions")

_STRICT = "array-api-strict"
_NO_INDICES = (
    "array-api-strict 2.6: argmax and argsort give int64, which no_x64 lacks; see "
    "https://data-apis.org/array-api/latest/API_specification/generated/array_api.argmax.html"
)

MATRIX = {
    "numpy": Row("numpy"),
    "numpy:float32": Row("numpy", dtype="float32"),
    "numpy:readonly": Row("numpy", readonly=True),
    "strict:cpu": Row(_STRICT),
    "strict:device1": Row(_STRICT, "device1"),
    "strict:no_float64": Row(_STRICT, "no_float64"),
    "strict:no_x64": Row(_STRICT, "no_x64", no_indices=_NO_INDICES),
    "strict:strictest": Row(_STRICT, without=("boolean_indexing", "data_dependent_shapes")),
    "torch": Row("torch"),
    "torch:meta": Row("torch", "meta"),
    "jax": Row("jax"),
    "jax:jit": Row("jax", traced="jit"),
    "dpnp": Row("dpnp"),
    "cupy": Row("cupy", "cuda:0"),
}
"""The rows that are meant when none is named."""

ROWS = MATRIX | {
    "strict:no_boolean_indexing": Row(_STRICT, without=("boolean_indexing",)),
    "strict:no_data_dependent_shapes": Row(_STRICT, without=("data_dependent_shapes",)),
    "strict:no_extensions": Row(_STRICT, without=("extensions",)),
    "torch:float32": Row("torch", dtype="float32"),
    "torch:cuda": Row("torch", "cuda"),
    "jax:float32": Row("jax", dtype="float32"),
    "jax:vmap": Row("jax", traced="vmap"),
    "jax:cuda": Row("jax", "cuda"),
    "cupy:1": Row("cupy", "cuda:1"),
    "dask": Row(DASK),
}
"""All rows: those of `MATRIX`, further ones to be had by name, and those of `add_row`."""

missing: dict[str, str] = {}
"""The rows that were asked for and could not be had, and why; pytest's summary shows them."""


def add_row(name: str, row: Row) -> None:
    """Add a row of one's own, to be had by its name: in a ``conftest.py``, for instance.

    Raises
    ------
    ValueError
        When there is another row of that name, the name has a sign that selections use, the row
        switches something off that is not optional, its library can't trace functions, or its
        dtype is none that rows are judged in.
    """
    if ROWS.get(name, row) != row:
        raise ValueError(f"a row must have a name of its own; there is another {name!r}")
    if not name or name[0] == "-" or set(name) & set(",*?[] "):
        raise ValueError(f"the name of a row must be without any of ',*?[] ' and '-'; got {name!r}")
    if unknown := set(row.without) - set(OPTIONAL):
        raise ValueError(f"`without` must be of {', '.join(OPTIONAL)}; got {sorted(unknown)}")
    if row.traced not in ("", "jit", "vmap"):
        raise ValueError(f"`traced` must be 'jit', 'vmap' or ''; got {row.traced!r}")
    if row.traced and not _can_trace(row):
        raise ValueError(f"`traced` must be '' where the library can't trace; got {row.traced!r}")
    if row.dtype not in ("float64", "float32", "float16"):
        raise ValueError(
            "`dtype` must be 'float64', 'float32' or 'float16', which NumPy has too; "
            f"got {row.dtype!r}"
        )
    ROWS[name] = row


def _can_trace(row: Row) -> bool:
    library = row.library if isinstance(row.library, Library) else KNOWN.get(row.library)
    method = "traced" if row.traced == "jit" else "batched"
    return getattr(type(library), method, None) not in (None, getattr(Library, method))


def matches(name: str, pattern: str) -> bool:
    """Tell whether the row `name` is meant: its name, its library's where no row has that, or *."""
    if pattern in ROWS:
        return name == pattern
    return fnmatchcase(name, pattern) or name.startswith(f"{pattern}:")


def names(selection: Iterable[str] | None = None) -> list[str]:
    """Return the names of the rows in `selection`, each once, in its order.

    A name is that row alone. ``"strict"``, of which there is no row, stands for all
    ``"strict:..."`` of the matrix, and ``"jax*"`` for all that begin so. With a minus in front rows
    are left out: ``["-torch:meta"]`` is the matrix without one.

    Raises
    ------
    ValueError
        When there is no row of such a name.
    """
    chosen = list(MATRIX)
    wanted = [selection] if isinstance(selection, str) else selection
    wanted = chosen if wanted is None else list(wanted)
    if not wanted:
        raise ValueError("a selection must name a backend; got none")
    if any(not pattern.startswith("-") for pattern in wanted):
        chosen = []
    for pattern in wanted:
        bare = pattern.removeprefix("-")
        known = ROWS if bare in ROWS or pattern.startswith("-") else MATRIX
        some = [name for name in known if matches(name, bare)]
        if not some:
            raise ValueError(f"a backend must be one of {', '.join(ROWS)}; got {pattern!r}")
        if pattern.startswith("-"):
            chosen = [name for name in chosen if name not in some]
        else:
            chosen += [name for name in some if name not in chosen]
    if not chosen:
        raise ValueError(f"a selection must leave a backend; got {', '.join(wanted)}")
    return chosen


def selected() -> list[str]:
    """Return the rows that the environment names, as ``--array-backends`` does; else the matrix.

    Raises
    ------
    ValueError
        As `names` does.
    """
    text = os.environ.get(SELECTION_VARIABLE, "")
    return names([name.strip() for name in text.split(",")] if text.strip() else None)


def required() -> bool:
    """Tell whether a row that can't be had is a failure: ``--require-array-backends``."""
    return os.environ.get(f"REQUIRE_{SELECTION_VARIABLE}", "") not in ("", "0")
