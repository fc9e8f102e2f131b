"""A backend: one array library on one device."""

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

from .casting import cast, unchanged
from .host import generator, holds_arrays, host_data, of_numpy, short_name
from .libraries import KNOWN, Library, Memory, library_of, library_or_none
from .namespace import Array, Device, DType, device, namespace

_WIDE = ("float64", "complex128", "int64", "uint64")  # narrowed where a device lacks them


class Backend:
    """One array library on one device; made by `backends.select` or `backends.of`.

    Attributes
    ----------
    library : Library
        The library's adaptor.
    device : object
        The library's own device object, as creation functions take it.
    """

    def __init__(self, library: Library, device: Device) -> None:
        self.library = library
        self.device = device

    @property
    def name(self) -> str:
        """Name of the library, as `BACKPROP_LIBRARY` takes it."""
        return self.library.name

    @property
    def device_name(self) -> str:
        """Name of the device, as `BACKPROP_DEVICE` takes it."""
        return self.library.device_name(self.device)

    @cached_property
    def xp(self) -> Any:
        """The library's Array API namespace."""
        return self.library.namespace()

    @property
    def is_host(self) -> bool:
        """Whether arrays lie in host memory, so that reading a value makes nothing wait."""
        return self.library.is_host(self.device)

    @property
    def has_values(self) -> bool:
        """Whether arrays have values; on PyTorch's `meta` they have shapes and dtypes only."""
        return self.library.has_values(self.device)

    @property
    def has_float64(self) -> bool:
        """Whether library and device have float64."""
        return "float64" in self.library.dtypes(self.device)

    @property
    def widest(self) -> DType:
        """The widest real floating dtype that library and device have, float64 where it exists."""
        return self.dtype("float64" if self.has_float64 else "float32")

    def dtype(self, dtype: str | DType) -> DType:
        """Return the library's dtype object for a name such as ``"float32"``.

        A name of which library and device have no dtype is a TypeError.
        """
        if not isinstance(dtype, str):
            return dtype
        known = self.library.dtypes(self.device)
        if dtype in known:
            return known[dtype]
        half = getattr(self.xp, dtype, None) if dtype in ("float16", "bfloat16") else None
        if half is not None:  # libraries have these beside the standard's
            return half
        hint = self.library.dtype_hint(dtype)
        raise TypeError(
            f"`dtype` must be one that {self} has ({', '.join(known)}); got {dtype!r}"
            + (f"; {hint}" if hint else "")
        )

    def holds(self, x: object) -> bool:
        """Tell whether `x` is an array of this library on this device."""
        try:
            return namespace(x) is self.xp and (
                device(x) == self.device or None in (device(x), self.device)  # None: traced
            )
        except TypeError:
            return False

    def require(self, x: Array, name: str, dtype: DType | None = None) -> None:
        """Raise a TypeError, which calls `x` by `name`, unless it is an array of this backend.

        With `dtype` also unless it is of that.
        """
        held = self.holds(x)
        if held and (dtype is None or x.dtype == dtype):
            return
        wanted = "" if dtype is None else short_name(dtype)
        call = f"`backends.select({self.device_name!r}, {self.name!r}).asarray({name}"
        call += f", {wanted!r})`" if wanted else ")`"
        if held:
            got = short_name(x.dtype)
            raise TypeError(f"`{name}` must have dtype {wanted}; got {got}; convert it with {call}")
        try:
            what = f"an array of {Backend(library_of(x), device(x))}"
        except TypeError:
            what = type(x).__name__
        raise TypeError(f"`{name}` must be an array of {self}; got {what}; convert it with {call}")

    def asarray(self, obj: Any, dtype: str | DType | None = None) -> Array:
        """Return `obj` as an array of this backend, with the values that it has.

        Parameters
        ----------
        obj : array, nested sequence or number
            An array of another library comes over by DLPack, without a copy where both sides can
            and its owner may write. NumPy arrays, sequences and numbers are host data: they are
            copied, also for NumPy. Sequences of arrays are stacked. An array of this backend is
            returned as it is.
        dtype : dtype or str, optional
            If not given, the data's own, or the default of its kind where the device lacks that.
            Floats are rounded to it; whatever else it can't hold is an error. Values that the host
            would have to wait for (on a GPU, and wherever array-api-strict stands for one) are not
            looked at: there the library casts in its own way.

        Raises
        ------
        TypeError
            When `obj` holds no numbers, or has a mask, or the device has no such dtype.
        OverflowError
            When a value is too large for the dtype, or for any that the device has, or an integer
            has too many digits.
        ValueError
            When a value has a fraction, or an imaginary part, which the dtype has not; where values
            are not looked at, when they are complex and the dtype is not.
        """
        dtype = None if dtype is None else self.dtype(dtype)
        if isinstance(obj, list | tuple) and holds_arrays(obj):
            items = [self.asarray(item, dtype) for item in obj]
            if any(x.dtype != items[0].dtype for x in items):
                common = self.xp.result_type(*(x.dtype for x in items))
                items = [self.asarray(x, common) for x in items]
            return self.xp.stack(items)
        if isinstance(obj, np.ndarray | np.generic) or not hasattr(obj, "__dlpack__"):
            return self._from_host(host_data(obj), dtype)
        x = obj if self.holds(obj) else self._from_foreign(obj)
        return x if dtype is None or x.dtype == dtype else cast(x, dtype, obj)

    def _from_host(self, host: Any, dtype: DType | None) -> Array:
        info = self.xp.__array_namespace_info__()
        if dtype is None and host.dtype.kind in "iufc":
            known = self.library.dtypes(self.device)
            kind = {"f": "real floating", "c": "complex floating"}.get(host.dtype.kind, "integral")
            if host.dtype.name not in known and host.dtype.name in _WIDE:
                dtype = info.default_dtypes(device=self.device)[kind]
        if dtype is not None:
            host = unchanged(host, dtype)
        elif host.dtype.itemsize > (16 if host.dtype.kind == "c" else 8) and self.name != "numpy":
            raise TypeError(f"{self} has no {host.dtype.name}: cast it to float64 first")
        return self.library.asarray(host, dtype, self.device)

    def _from_foreign(self, x: Array) -> Array:
        library = library_or_none(x)
        given = x if library is None else library.settled(x)
        try:
            y = self.library.from_dlpack(given, self.device)
        except (AttributeError, BufferError, RuntimeError, ValueError, TypeError):
            host = np.from_dlpack(x) if library is None else library.to_numpy(x)
            return self._from_host(host_data(host), None)
        if library is not None and short_name(y.dtype) != short_name(
            x.dtype
        ):  # JAX narrows in silence
            return self._from_host(host_data(library.to_numpy(x)), None)
        if library is not None and library.is_immutable and self.library.is_writable(y):
            return self.xp.asarray(y, copy=True)  # or a write here would change `x`
        return y

    def to_numpy(self, x: Array) -> Any:
        """Return a NumPy copy of `x`, an array of any library: the one way back to the host.

        Raises
        ------
        TypeError
            When `x` is no array, has a mask, or a dtype that NumPy has not (bfloat16, int4).
        """
        own = isinstance(x, np.ndarray | np.generic)
        return host_data(x) if own else of_numpy(library_of(x).to_numpy(x))

    def compile(self, function: Callable[..., Any], nested: bool = True) -> Callable[..., Any]:
        """Return `(held, *others) -> (result, held)` compiled; itself where nothing is compiled.

        Arrays and tuples of arrays come in and go out, computed from these alone. What is held is
        gone afterwards, as its memory is used anew. CuPy can't do that: a TypeError. What is not
        to be `nested`, called in another compiled function, is called a microsecond faster.
        """
        return self.library.compiled(function, self.device, nested)

    def synchronize(self) -> None:
        """Wait until the device has done all it was given; nothing to do on a CPU."""
        self.library.synchronize(self.device)

    def rng(self, seed: int | None = None) -> "np.random.Generator":  # quoted: slow to import
        """Return a PCG64 generator on the host: a seed gives the same numbers on every backend.

        Raises a TypeError or ValueError when `seed` is no whole number, or negative.
        """
        return generator(seed)

    def memory(self) -> Memory | None:
        """Return the bytes in use on the device, or None where there is no such count."""
        return self.library.memory(self.device)

    def __copy__(self) -> "Backend":
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> "Backend":
        return self  # it is never changed, and holds a module, which can't be copied

    def __reduce__(self) -> tuple[Callable[[str, str], "Backend"], tuple[str, str]]:
        if KNOWN.get(self.name) != self.library:
            raise TypeError(
                f"a backend must be of a library that `backends.select` knows to be pickled; "
                f"got {self.name}"
            )
        return _named, (self.name, self.device_name)

    def __str__(self) -> str:
        return f"{self.name} on {self.device_name}"

    def __repr__(self) -> str:
        return f"Backend({self.name!r}, {self.device_name!r})"

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Backend)
            and self.library == other.library
            and bool(self.device == other.device)
        )

    def __hash__(self) -> int:
        return hash((self.name, str(self.device)))


def _named(library: str, device: str) -> Backend:
    """Return the backend that a pickle names."""
    return Backend(KNOWN[library], KNOWN[library].device(device))
