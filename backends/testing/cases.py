"""A case: one row of the matrix, ready to make arrays, run functions and check what they give."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np

from backends.backend import Backend
from backends.namespace import Array
from backends.selection import select
from backends.testing.comparison import Tolerance, mismatch
from backends.testing.matrix import MATRIX
from backends.testing.strictness import no_host_reads, standard_only


@dataclass(frozen=True)
class Case:
    """A backend as a test sees it.

    Attributes
    ----------
    name : str
        As in ``pytest --backends``: ``"numpy"``, ``"strict:device1"``, ...
    backend : Backend
        Where its arrays live.
    dtype : str
        The floating dtype that it computes in.
    readonly : bool
        Whether the arrays it makes can't be written to.
    traced : bool
        Whether `run` traces its function instead of calling it.
    """

    name: str
    backend: Backend
    dtype: str
    readonly: bool = False
    traced: bool = False

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
        """
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
            return None
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
        dtype = np.dtype(str(x.dtype).rpartition(".")[2])
        return np.full(tuple(x.shape), np.nan if dtype.kind in "fc" else 0, dtype=dtype)

    def run(self, function: Callable[..., Any], *inputs: Any) -> Any:
        """Return ``function(*inputs)``, run as on a device: no value may be read meanwhile.

        On array-api-strict an attempt to read one raises; on ``jax:jit`` the function is traced.

        Raises
        ------
        AssertionError
            When the function asks for a value.
        """
        if self.traced:
            function = self.backend.library.traced(function)
        with no_host_reads(self.backend):
            return function(*inputs)

    def check(
        self,
        actual: Array,
        expected: Any,
        dtype: str | None = None,
        rtol: float | None = None,
        atol: float | None = None,
    ) -> None:
        """Assert the namespace of `actual`, its device, dtype and shape, and then its values.

        Parameters
        ----------
        actual : array
            What a function gave.
        expected : array
            Values on the host.
        dtype : str, optional
            That of the case if not given.
        rtol, atol : float, optional
            1e-12 in float64 and 1e-5 in narrower dtypes, if not given; `atol` no less than a
            given `rtol`. Integers and booleans must be equal.

        Raises
        ------
        AssertionError
            When one of them is not as it must be; the message says which.
        """
        wanted = self.backend.dtype(dtype or self.dtype)
        if rtol is not None and atol is None:
            atol = max(rtol, Tolerance().of(dtype or self.dtype)[1])
        wrong = mismatch(self.backend, actual, np.asarray(expected), wanted, Tolerance(rtol, atol))
        assert not wrong, f"{self.name}: {wrong}"

    def unchanged(self, x: Array, values: Any) -> None:
        """Assert that `x` still holds the `values` that `array` made it from.

        Raises
        ------
        AssertionError
            When it holds others.
        """
        if self.has_values:
            before, now = self.numpy(self.array(values)), self.numpy(x)
            assert np.array_equal(before, now, equal_nan=before.dtype.kind in "fc"), (
                f"{self.name}: an input must not be changed; it was {before} and is {now}"
            )


def names(selection: Iterable[str] | None = None) -> list[str]:
    """Return the names of the cases in `selection`; ``"strict"`` stands for all ``"strict:..."``.

    Without a selection, those of all cases.

    Raises
    ------
    ValueError
        When there is no case of such a name.
    """
    if selection is None:
        return list(MATRIX)
    found: list[str] = []
    for wanted in selection:
        some = [name for name in MATRIX if name == wanted or name.startswith(f"{wanted}:")]
        if not some:
            raise ValueError(f"a backend must be one of {', '.join(MATRIX)}; got {wanted!r}")
        found += [name for name in some if name not in found]
    return found


@contextmanager
def opened(name: str) -> Iterator[Case]:
    """Open the case called `name`: within the context its arrays can be made and used.

    Raises
    ------
    DeviceUnavailableError
        When its library or device can't be had here.
    """
    row = MATRIX[name]
    backend = select(row.device, row.library)
    dtype = row.dtype if backend.has_float64 else "float32"
    with standard_only() if row.strictest else nullcontext():
        yield Case(name, backend, dtype, row.readonly, row.traced)
