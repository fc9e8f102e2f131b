"""The matrix: the rows that functions and tests run over, and what each of them shows."""

import os
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import NamedTuple

from ..libraries import KNOWN, Library
from ..libraries.numpy import NumPy
from ..libraries.strict import Strict
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
    TypeError
        When the name is no text, the row is no `Row`, or one of its fields is not of its type.
    ValueError
        When there is another row of that name, the name has a sign that selections use, no adaptor
        is known by the library's name, or the library can't do what the row asks for.
    """
    if not isinstance(name, str) or not isinstance(row, Row):
        raise TypeError(f"a row must be a name and a Row(...); got {name!r} and {row!r}")
    if ROWS.get(name, row) != row:
        raise ValueError(f"a row must have a name of its own; there is another {name!r}")
    if not name or name[0] == "-" or set(name) & set(",*?[] "):
        raise ValueError(f"the name of a row must be without any of ',*?[] ' and '-'; got {name!r}")
    _check(row)
    ROWS[name] = row


def _check(row: Row) -> None:
    """Raise unless a row can work, as far as can be told without its library."""
    library = KNOWN.get(row.library) if isinstance(row.library, str) else row.library
    if not isinstance(library, Library):
        raise ValueError(
            f"`library` must be one of {', '.join(KNOWN)}, or an adaptor; got {row.library!r}"
        )
    if not isinstance(row.device, str) or not isinstance(row.readonly, bool):
        raise TypeError(f"`device` must be a name, `readonly` True or False; got {row!r}")
    if row.dtype not in ("float64", "float32", "float16"):
        raise ValueError(
            "`dtype` must be 'float64', 'float32' or 'float16', which NumPy has too; "
            f"got {row.dtype!r}"
        )
    if row.readonly and not isinstance(library, NumPy):
        raise ValueError(f"`readonly` must be False where arrays aren't NumPy's; got {row.library}")
    if not isinstance(row.without, tuple):
        raise TypeError(f"`without` must be a tuple of names; got {row.without!r}")
    if unknown := set(row.without) - set(OPTIONAL):
        raise ValueError(f"`without` must be of {', '.join(OPTIONAL)}; got {sorted(unknown)}")
    if row.without and not isinstance(library, Strict):
        raise ValueError(f"`without` must be () but for array-api-strict; got {row.without!r}")
    if row.traced not in ("", "jit", "vmap"):
        raise ValueError(f"`traced` must be 'jit', 'vmap' or ''; got {row.traced!r}")
    method = "traced" if row.traced == "jit" else "batched"
    if row.traced and getattr(type(library), method) == getattr(Library, method):
        raise ValueError(f"`traced` must be '' where the library can't trace; got {row.traced!r}")


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
    TypeError
        When the selection is not of names.
    ValueError
        When there is no row of such a name.
    """
    chosen = list(MATRIX)
    wanted = [selection] if isinstance(selection, str) else selection
    if wanted is not None and not isinstance(wanted, Iterable):
        raise TypeError(f"a selection must be names of backends; got {selection!r}")
    wanted = chosen if wanted is None else list(wanted)
    if wrong := [name for name in wanted if not isinstance(name, str)]:
        raise TypeError(f"a selection must be names of backends; got {wrong[0]!r}")
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
