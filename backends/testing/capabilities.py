"""What a function may do and can't do, said once: beside it, or in its test."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from .matrix import ROWS, Row, matches
from .naming import name_of

F = TypeVar("F", bound=Callable[..., Any])
EXTENSIONS = ("linalg", "fft")
DTYPES = ("default", "any", "float32", "float64")
_MARK = "__array_capabilities__"


@dataclass(frozen=True)
class Capabilities:
    """What a function may do; made by `capabilities`, which says what each field means."""

    reads: bool = False
    jit: bool = True
    extensions: tuple[str, ...] = ()
    boolean_indexing: bool = False
    data_dependent_shapes: bool = False
    cpu_only: bool = False
    dtype: str | None = None
    returns: str | None = None
    skip: Mapping[str, str] = field(default_factory=dict)
    xfail: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, function: F) -> F:
        """Say this of `function`, which is returned as it is: the use as a decorator."""
        declared[name_of(function)] = self
        try:
            setattr(getattr(function, "__func__", function), _MARK, self)
        except AttributeError:  # a function written in C
            _unmarked[id(function)] = (function, self)
        return function

    @property
    def needs(self) -> set[str]:
        """What must not be switched off, of what the standard leaves optional."""
        wanted = {
            "extensions": bool(self.extensions),
            "boolean_indexing": self.boolean_indexing,
            "data_dependent_shapes": self.data_dependent_shapes,
        }
        return {name for name, needed in wanted.items() if needed}

    def off(self, without: Iterable[str]) -> set[str]:
        """Return what stays switched off of that: what is not needed, an extension by its name."""
        off = set(without) - self.needs
        if self.extensions and "extensions" in without:
            off |= set(EXTENSIONS) - set(self.extensions)
        return off

    def excuse(self, name: str, row: Row) -> str:
        """Return why nothing can be told of the function on a row; empty if it is to run there."""
        for pattern, reason in self.skip.items():
            if matches(name, pattern):
                return f"left out: {reason}"
        if self.cpu_only and (row.traced or row.device != "cpu"):
            return "the function says that it runs on the CPU only"
        if row.without and not self.off(row.without):
            needed = [*self.extensions] if row.without == ("extensions",) else sorted(row.without)
            return f"the function says that it needs {', '.join(needed)}, switched off here"
        return ""

    def expected_failure(self, name: str) -> str | None:
        """Return the reason why the function is said to be wrong on a row; None if it is not."""
        return next((why for p, why in self.xfail.items() if matches(name, p)), None)


declared: dict[str, Capabilities] = {}
"""What is said of every function that capabilities stand beside, by its full name."""

_unmarked: dict[
    int, tuple[Callable[..., Any], Capabilities]
] = {}  # kept, so that its id is its own


def capabilities(
    misplaced: None = None,
    /,
    *,
    reads: bool = False,
    jit: bool = True,
    extensions: tuple[str, ...] | str = (),
    boolean_indexing: bool = False,
    data_dependent_shapes: bool = False,
    cpu_only: bool = False,
    dtype: str | None = None,
    returns: str | None = None,
    skip: Mapping[str, str] | None = None,
    xfail: Mapping[str, str] | None = None,
) -> Capabilities:
    """Say what a function may do: as a decorator, or as ``equivalence(..., capabilities=...)``.

    Parameters
    ----------
    reads : bool
        It may read values: the host then waits for the device. Rows without values (``torch:meta``,
        ``jax:jit``) can't tell anything of one that does.
    jit : bool
        Whether it can be traced. If not and it can, the report says so.
    extensions : tuple of str
        Which it needs: ``"linalg"``, ``"fft"``.
    boolean_indexing, data_dependent_shapes : bool
        It needs those, which some libraries lack, and JAX lacks under `jax.jit`.
    cpu_only : bool
        It runs on the CPU only, by way of NumPy for instance.
    dtype : str, optional
        The floating dtype of its results: ``"float32"`` or ``"float64"`` whatever went in,
        ``"default"`` for the library's own, ``"any"``. If not given, that of the inputs, and from
        integers alone the default.
    returns : str, optional
        ``"python"``: each number is Python's on every library. If not given, as on NumPy.
    skip, xfail : mapping of str to str, optional
        Rows where it is not run, or is expected to be wrong, and the reason:
        ``{"torch*": "its cumulative_prod has no axis"}``. One that is wrong no longer is said.

    Raises
    ------
    TypeError
        When `skip` or `xfail` is no mapping of names to reasons, what is to be True or False is
        something else, or the parentheses are left out.
    ValueError
        When `extensions`, `dtype` or `returns` is none of these. A row that there is not is refused
        when the function is run: a ``conftest.py`` may add it later.

    Examples
    --------
    >>> from backends import namespace
    >>> @capabilities(reads=True)
    ... def first_positive(x):
    ...     xp = namespace(x)
    ...     return x[int(xp.argmax(xp.astype(x > 0, xp.int32)))]
    """
    if misplaced is not None:
        raise TypeError(f"capabilities must be called: @capabilities(); got {misplaced!r}")
    flags = {
        "reads": reads,
        "jit": jit,
        "boolean_indexing": boolean_indexing,
        "data_dependent_shapes": data_dependent_shapes,
        "cpu_only": cpu_only,
    }
    for name, flag in flags.items():
        if not isinstance(flag, bool):
            raise TypeError(f"`{name}` must be True or False; got {flag!r}")
    if not isinstance(extensions, str | list | tuple):
        raise TypeError(f"`extensions` must be a tuple of names; got {extensions!r}")
    extensions = (extensions,) if isinstance(extensions, str) else tuple(extensions)
    for extension in extensions:
        _one_of("extensions", extension, EXTENSIONS)
    _one_of("dtype", dtype, (None, *DTYPES))
    _one_of("returns", returns, (None, "python"))
    return Capabilities(
        reads=reads or cpu_only,
        jit=jit,
        extensions=extensions,
        boolean_indexing=boolean_indexing,
        data_dependent_shapes=data_dependent_shapes,
        cpu_only=cpu_only,
        dtype=dtype,
        returns=returns,
        skip=_reasons("skip", skip),
        xfail=_reasons("xfail", xfail),
    )


def _reasons(name: str, given: Mapping[str, str] | None) -> dict[str, str]:
    found = {} if given is None else given
    if not isinstance(found, Mapping) or not all(
        isinstance(text, str) for item in found.items() for text in item
    ):
        raise TypeError(f"`{name}` must be a mapping of rows to reasons; got {given!r}")
    return dict(found)


def checked(said: Capabilities | None) -> Capabilities | None:
    """Return what a function is said to do.

    Raises
    ------
    TypeError
        When it is not made by `capabilities`.
    ValueError
        When it speaks of a row that there is not.
    """
    if said is None:
        return None
    if not isinstance(said, Capabilities):
        raise TypeError(f"`capabilities` must be made by capabilities(...); got {said!r}")
    for pattern in (*said.skip, *said.xfail):
        if not any(matches(name, pattern) for name in ROWS):
            raise ValueError(
                f"capabilities must speak of rows among {', '.join(ROWS)}; got {pattern!r}"
            )
    return said


def _one_of(name: str, value: Any, known: tuple[Any, ...]) -> None:
    if value not in known:
        wanted = ", ".join(map(repr, known))
        raise ValueError(f"`{name}` must be one of {wanted}; got {value!r}")


def said_of(function: Callable[..., Any]) -> Capabilities | None:
    """Return the capabilities that stand beside a function, or None."""
    found = getattr(function, _MARK, None) or _unmarked.get(id(function), (None, None))[1]
    if isinstance(found, Capabilities):
        return found
    return said_of(function.func) if isinstance(function, partial) else None
