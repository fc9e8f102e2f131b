"""A case: one row of the matrix, ready to make arrays, run functions and check what they give."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..backend import Backend
from ..errors import DeviceUnavailableError
from ..host import short_name
from ..libraries import Library
from ..namespace import Array
from ..selection import select
from .capabilities import Capabilities, said_of
from .comparison import Limit, Tolerance, magnitude, mismatch
from .copies import arrays_in, with_arrays
from .dtypes import accepted
from .matrix import ROWS, missing
from .strictness import switched_off, watching_reads


@dataclass(frozen=True)
class Case:
    """A backend as a test sees it.

    Attributes
    ----------
    name : str
        As in ``pytest --array-backends``: ``"numpy"``, ``"strict:device1"``, ...
    backend : Backend
        Where its arrays live.
    dtype : str
        The floating dtype that it computes in.
    readonly : bool
        Whether the arrays it makes can't be written to.
    traced : str
        ``"jit"`` or ``"vmap"`` where `run` traces its function instead of calling it; else empty.
    """

    name: str
    backend: Backend
    dtype: str
    readonly: bool = False
    traced: str = ""

    @property
    def xp(self) -> Any:
        """The library's namespace."""
        return self.backend.xp

    @property
    def has_values(self) -> bool:
        """Whether arrays have values; on ``torch:meta`` they have only shape, dtype and device."""
        return self.backend.has_values

    def array(self, values: Any, dtype: str | None = None) -> Array:
        """Return an array of `values`; without a dtype, floats are in that of the case.

        Integers of Python's, int64 on the host, get the library's default integer dtype.

        Raises
        ------
        OverflowError
            When one does not fit that.
        TypeError
            When library and device have no such dtype, or the values are masked.
        """
        if isinstance(values, np.ma.MaskedArray):
            raise TypeError("an array must not be masked: no other library knows masks")
        host = np.asarray(values)
        x = self.backend.asarray(host, self._dtype(host) if dtype is None else dtype)
        if self.readonly:
            x.setflags(write=False)
        return x

    def _dtype(self, host: Any) -> Any:
        if host.dtype.kind == "f":
            return self.dtype
        if host.dtype.kind == "c":
            return "complex128" if self.dtype == "float64" else "complex64"
        if host.dtype != np.int64:
            return host.dtype.name if host.dtype.kind in "biu" else None
        info = self.xp.__array_namespace_info__()
        default = info.default_dtypes(device=self.backend.device)["integral"]
        limits = self.xp.iinfo(default)
        if host.size and not limits.min <= int(host.min()) <= int(host.max()) <= limits.max:
            raise OverflowError(f"integers must fit {default} on {self.backend}; got {host.max()}")
        return default

    def numpy(self, x: Array) -> Any:
        """Return a NumPy copy of `x`; NaN, or 0 for integers, where there are no values."""
        if self.has_values:
            return self.backend.to_numpy(x)
        dtype = np.dtype(short_name(x.dtype))
        return np.full(tuple(x.shape), np.nan if dtype.kind in "fc" else 0, dtype=dtype)

    def run(self, function: Callable[..., Any], *inputs: Any, **kwargs: Any) -> Any:
        """Return ``function(*inputs, **kwargs)``, run as on a device: no value may be read.

        On array-api-strict an attempt to read one raises, unless the function's `capabilities`
        allow it; on ``jax:jit`` the function is traced.

        Raises
        ------
        AssertionError
            When the function asks for a value.
        """
        said = said_of(function)
        return self.observe(function, inputs, kwargs, [], refuse=not (said and said.reads))

    def observe(
        self,
        function: Callable[..., Any],
        inputs: tuple[Any, ...],
        kwargs: dict[str, Any],
        reads: list[str],
        refuse: bool = False,
    ) -> Any:
        """Return what `function` gives, and note in `reads` the lines that read a value, as seen.

        Arrays may stand anywhere in containers. With `refuse`, to read one is an AssertionError.
        """
        with watching_reads(self.backend, reads, refuse):
            if not self.traced:
                return function(*inputs, **kwargs)
            return self._trace(function, inputs, kwargs)

    def _trace(
        self, function: Callable[..., Any], inputs: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """Trace the function over all arrays in its inputs; what is none stays as it is."""
        given = (inputs, kwargs)
        arrays = arrays_in(given, self._is_own)
        result: Any = None

        def of_arrays(*traced: Array) -> list[Array]:
            nonlocal result
            args, named = with_arrays(given, self._is_own, traced)
            result = function(*args, **named)
            return arrays_in(result, self._is_own)

        if not arrays:
            return function(*inputs, **kwargs)
        library = self.backend.library
        transform = library.batched if self.traced == "vmap" else library.traced
        outputs = transform(of_arrays)(*arrays)
        return with_arrays(result, self._is_own, outputs)

    def _is_own(self, leaf: Any) -> bool:
        return self.backend.holds(leaf)

    def check(
        self,
        actual: Array,
        expected: Any,
        dtype: str | None = None,
        rtol: Limit = None,
        atol: Limit = None,
    ) -> None:
        """Assert the namespace of `actual`, its device, dtype and shape, and then its values.

        Parameters
        ----------
        actual : array
            What a function gave.
        expected : array
            Values on the host.
        dtype : str, optional
            If not given, that of the case for floats, the default for integers.
        rtol, atol : float or mapping of dtype to float, optional
            1e-12 in float64 and 1e-5 in float32, if not given; `atol` no less than a given `rtol`,
            and smaller where all of `expected` is below 1. Integers and booleans must be equal.

        Raises
        ------
        AssertionError
            When one of them is not as it must be; the message says which.
        """
        host = np.asarray(expected)
        if dtype is None and host.dtype.kind in "iu" and _is_floating(self.backend, actual):
            host = host.astype("float64")  # 1 stands for 1.0
        known = [self.backend.dtype(dtype)] if dtype else None
        dtypes = known or accepted(self.backend, self.dtype, host, True, None)
        if rtol is not None and atol is None:
            name = dtype or self.dtype
            usual = Tolerance(atol=rtol).of(name)[1], Tolerance().of(name)[1]
            atol = max(usual) * magnitude(host)
        wrong = mismatch(self.backend, actual, host, dtypes, Tolerance(rtol, atol).checked())
        assert not wrong, f"{self.name}: {wrong}"

    def unchanged(self, x: Array, values: Any) -> None:
        """Assert that `x` still holds the `values` that `array` made it from.

        Raises
        ------
        AssertionError
            When it holds others.
        """
        changed = f"{self.name}: an input must not be changed; "
        shapes = np.shape(values), tuple(x.shape)
        assert shapes[0] == shapes[1], f"{changed}its shape was {shapes[0]} and is {shapes[1]}"
        assert not getattr(x, "requires_grad", False), f"{changed}`requires_grad` was set"
        if self.has_values:
            before, now = self.numpy(self.array(values)), self.numpy(x)
            assert np.array_equal(before, now, equal_nan=before.dtype.kind in "fc"), (
                f"{changed}it was {before} and is {now}"
            )


def _is_floating(backend: Backend, x: Any) -> bool:
    kinds = ("real floating", "complex floating")
    return backend.holds(x) and bool(backend.xp.isdtype(x.dtype, kinds))


def case_of(name: str) -> Case:
    """Return the row called `name` as `opened` does, with nothing switched off."""
    row = ROWS[name]
    try:
        if isinstance(row.library, Library):
            backend = Backend(row.library, row.library.device(row.device))
        else:
            backend = select(row.device, row.library)
    except DeviceUnavailableError as error:
        missing[name] = str(error)
        raise
    dtype = row.dtype if backend.has_float64 else "float32"
    return Case(name, backend, dtype, row.readonly, row.traced)


@contextmanager
def opened(name: str, said: Capabilities | None = None) -> Iterator[Case]:
    """Open the row called `name`: within the context its arrays can be made and used.

    What a function is said to need is not switched off.

    Raises
    ------
    DeviceUnavailableError
        When its library or device can't be had here.
    """
    case = case_of(name)
    without = set(ROWS[name].without) if said is None else said.off(ROWS[name].without)
    with switched_off(without) if without else nullcontext():
        yield case
