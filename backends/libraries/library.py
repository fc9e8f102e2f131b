"""What the shim needs to know of an array library, with the answers of the standard."""

import importlib
import re
import sys
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, NamedTuple

import array_api_compat
import numpy as np

from ..errors import DeviceUnavailableError, UnknownBackendError
from ..namespace import Array, Device, DType
from ..namespace import device as device_of

_CUDA = re.compile(r"cuda(:\d+)?")


def is_cuda(name: str) -> bool:
    """Tell whether a device's name is ``"cuda"`` or ``"cuda:N"``."""
    return _CUDA.fullmatch(name) is not None


class Memory(NamedTuple):
    """Bytes of device memory: `used` by arrays, `reserved` by the library's allocator."""

    used: int
    reserved: int


class Library:
    """One array library. An adaptor overrides what its library does in its own way.

    Attributes
    ----------
    name : str
        The name users select it by.
    module : str
        What is imported, when the library is selected and not before.
    namespace_name : str
        Name of its Array API namespace, as `backends.namespace(x).__name__`.
    requirement : str
        What to `pip install`.
    default_device : str
        The device that is meant when none is named.
    is_immutable : bool
        Whether nobody can write to its arrays, so that memory shared with them is copied.
    """

    name: ClassVar[str]
    module: ClassVar[str]
    namespace_name: ClassVar[str]
    requirement: ClassVar[str]
    default_device: ClassVar[str] = "cpu"
    is_immutable: ClassVar[bool] = False

    def namespace(self) -> Any:
        """Import the library and return its Array API namespace.

        Raises
        ------
        DeviceUnavailableError
            When the library is not installed, or can't be imported.
        """
        loaded = sys.modules.get(self.namespace_name)
        if loaded is not None and sys.modules.get(self.module) is not None:
            return loaded
        try:
            importlib.import_module(self.module)
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] != self.module:
                raise self._broken(error) from error
            raise DeviceUnavailableError(
                f"{self.name} is not installed: pip install '{self.requirement}'"
            ) from None
        except Exception as error:  # a library can break in any way while it is imported
            raise self._broken(error) from error
        return importlib.import_module(self.namespace_name)

    def namespace_of(self, x: object) -> Any:
        """Return the namespace where `x` is an array of this library, else None.

        Only asked of arrays that array-api-compat does not know, which has no part in the result.
        """
        return None

    def device_of(self, x: Array) -> Device:
        """Return the device of `x`, an array that `namespace_of` knows."""
        return x.device

    def _broken(self, error: Exception) -> DeviceUnavailableError:
        return DeviceUnavailableError(f"{self.name} is installed but can't be imported: {error}")

    def version(self) -> str:
        """Return the version of the installed library."""
        return str(importlib.import_module(self.module).__version__)

    def devices(self) -> dict[str, Device]:
        """Return the devices that can be used now: the name users write, the library's object."""
        return {"cpu": "cpu"}

    def device(self, name: str) -> Device:
        """Return the library's own object for the device `name`.

        Raises
        ------
        DeviceUnavailableError
            When the library has no such device here; the message says why.
        UnknownBackendError
            When the library knows no device of that name at all.
        """
        self.namespace()
        devices = self.devices()
        if name in devices:
            return devices[name]
        if is_cuda(name):
            raise DeviceUnavailableError(self.why_not(name))
        raise UnknownBackendError(
            f"{self.name} has no device {name!r} here; it has {', '.join(devices) or 'none'}"
        )

    def why_not(self, name: str) -> str:
        """Say why the device `name` can't be had, and what to do."""
        return (
            f"{self.name} has no device {name!r}: it runs on {', '.join(self.devices())} only; "
            "use library='cupy' or BACKPROP_LIBRARY=cupy"
        )

    def device_name(self, device: Device) -> str:
        """Return the name that users write for a device object."""
        return next((name for name, d in self.devices().items() if d == device), str(device))

    def is_host(self, device: Device) -> bool:
        """Tell whether reading a value there makes nothing wait: it lies in host memory."""
        return False

    def has_values(self, device: Device) -> bool:
        """Tell whether arrays there have values, and not only a shape and a dtype."""
        return True

    def is_writable(self, x: Array) -> bool:
        """Tell whether entries of an array can be assigned one at a time."""
        return bool(array_api_compat.is_writeable_array(x)) and not self.shares_memory(x)

    def is_readable(self, x: Array) -> bool:
        """Tell whether the values of an array can be read, and nothing has to wait for them."""
        return self.is_host(device_of(x))

    def shares_memory(self, x: Array) -> bool:
        """Tell whether entries of an array share memory with one another."""
        strides = getattr(x, "strides", None)  # in bytes, where a library tells
        return strides is not None and overlap(x.shape, strides, x.itemsize)

    def dtypes(self, device: Device) -> dict[str, DType]:
        """Return the standard's dtypes that a device has, by name."""
        found: dict[str, DType] = self.namespace().__array_namespace_info__().dtypes(device=device)
        return found

    def dtype_hint(self, name: str) -> str:
        """Say what to do to get the dtype `name` where it is missing; empty if there is nothing."""
        return ""

    def traced(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return `function` as one that the library traces: no value exists while it runs.

        A library that traces nothing raises a TypeError.
        """
        raise TypeError(f"{self.name} can't trace a function")

    def compiled(
        self, function: Callable[..., Any], device: Device, nested: bool
    ) -> Callable[..., Any]:
        """Return `function` compiled for arrays on a device; itself where nothing is compiled.

        `nested` says whether another compiled function may call it.
        """
        return function

    def batched(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return `function` of arrays, run over a batch that holds them twice: `jax.vmap`'s way.

        It gives a list of arrays, those of the batch's first entry. A library that has no such
        transform raises a TypeError.
        """
        raise TypeError(f"{self.name} can't run a function over a batch")

    def pad(self, x: Array, widths: tuple[tuple[int, int], ...], value: float) -> Array:
        """Return `x` with a border of `value`: how many entries before and after, by axis."""
        import array_api_extra as xpx  # not needed otherwise

        return xpx.pad(x, widths, constant_values=value)

    def asarray(self, host: Any, dtype: DType | None, device: Device) -> Array:
        """Take a NumPy array, which nobody else holds, to the device."""
        return self.namespace().asarray(host, dtype=dtype, device=device)

    def from_dlpack(self, x: Array, device: Device) -> Array:
        """Take over an array of another library, without a copy where both sides can."""
        return self.namespace().from_dlpack(x, device=device)

    def settled(self, x: Array) -> Array:
        """Return an array with the values of `x` in its memory, as DLPack hands that on."""
        return x

    def to_numpy(self, x: Array) -> Any:
        """Copy an array to the host, as a NumPy array."""
        host = np.array(x, order="C")
        if host.dtype == object:
            raise TypeError(
                f"an array must be readable by NumPy; one of {self.name} is not: convert it with "
                "its own function first"
            )
        return host

    def synchronize(self, device: Device) -> None:
        """Wait until the device has done all it was given; nothing to do on a CPU."""

    def memory(self, device: Device) -> Memory | None:
        """Return the bytes in use on the device, or None where there is no such count."""
        return None


def overlap(shape: Sequence[int], strides: Sequence[int], size: int) -> bool:
    """Tell whether entries of `size` share memory, given the strides along each axis."""
    extent = size
    for stride, n in sorted((abs(s), n) for s, n in zip(strides, shape, strict=True) if n > 1):
        if stride < extent:
            return True
        extent = stride * (n - 1) + extent
    return False


class ForeignLibrary(Library):
    """A library that the shim has no adaptor for: the standard's answers have to do."""

    def __init__(self, xp: Any) -> None:
        self._xp = xp
        self.name = xp.__name__  # type: ignore[misc]

    def namespace(self) -> Any:
        """Return the namespace that the array itself gave."""
        return self._xp

    def devices(self) -> dict[str, Device]:
        """Return the devices that the namespace lists."""
        return {str(d): d for d in self._xp.__array_namespace_info__().devices()}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ForeignLibrary) and other._xp is self._xp

    def __hash__(self) -> int:
        return hash(self.name)
